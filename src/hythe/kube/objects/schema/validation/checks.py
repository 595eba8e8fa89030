"""The words of checks.toml: each looks at one field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hythe.kube.objects.schema.validation.formats import FORMATS, between
from hythe.kube.objects.schema.validation.report import MIN_ZERO, Report

Check = Callable[[Any, str, Report], bool]
_MAX_ID: Final = 2**31 - 1

# `required` with Kubernetes' explanation, and ranges that it explains in its own way.
_REQUIRED: Final = {
    "required": "",
    "required-topology": "can not be empty",
    "required-terms": "must have at least one node selector term",
    "required-path-type": "pathType must be specified",
    "required-data": "data is mandatory",
    "required-metric": "must specify a metric source type",
    "required-resource": "must specify a resource name",
    "required-modes": "at least 1 access mode is required",
}
_RANGES: Final = {
    "range-weight": (1, 100, "must be in the range 1-100"),
    "range-affinity": (1, 86400, "must be greater than 0 and less than 86400"),
    "min-token": (600, 2**32, "may not specify a duration less than 10 minutes"),
    "min-certificate": (600, None, "may not specify a duration less than 600 seconds (10 minutes)"),
    "mode": (0, 0o777, "must be a number between 0 and 0777 (octal), both inclusive"),
    "positive": (1, None, "must be greater than zero"),
    "above-0": (1, None, "must be greater than 0"),
    "id": (0, _MAX_ID, between(0, _MAX_ID)),
}


def compile_words(text: str) -> list[Check]:
    """The checks that a line's words stand for, in their order."""
    return [_check(word) for word in text.split()]


def _check(word: str) -> Check:
    name, _, argument = word.partition("=")
    if name in _REQUIRED:
        return _required(_REQUIRED[name])
    if name == "enum":
        return _enum(argument.split(","))
    if name == "each-enum":
        return _each(_enum(argument.split(","), whole=True), index=False)
    if name == "each":
        return _each(_check(argument))
    if name == "min":
        return _range(int(argument), None, MIN_ZERO if argument == "0" else f"must be at least {argument}")
    if name == "range":
        least, most = (int(part) for part in argument.split(".."))
        return _range(least, most, between(least, most))
    if name in _RANGES:
        return _range(*_RANGES[name])
    if name == "absolute-path":
        return _absolute
    return _format(FORMATS[name])


def _empty(value: Any) -> bool:
    return value is None or (value in ("", 0, [], {}) and value is not False)


def _required(detail: str) -> Check:
    def check(value: Any, path: str, report: Report) -> bool:
        if _empty(value):
            report.required(path, detail)
            return False
        return True

    return check


def _enum(known: list[str], *, whole: bool = False) -> Check:
    def check(value: Any, path: str, report: Report) -> bool:
        if (value or whole) and value not in known:
            report.not_supported(path, value, [one for one in known if one])
            return False
        return True

    return check


def _each(check_one: Check, *, index: bool = True) -> Check:
    def check(value: Any, path: str, report: Report) -> bool:
        good = [
            check_one(one, f"{path}[{at}]" if index else path, report) for at, one in enumerate(value or ())
        ]
        return all(good)

    return check


def _range(least: int, most: int | None, detail: str) -> Check:
    def check(value: Any, path: str, report: Report) -> bool:
        if value is None or (value >= least and (most is None or value <= most)):
            return True
        report.invalid(path, value, detail)
        return False

    return check


def _format(problems: Callable[[Any], list[str]]) -> Check:
    def check(value: Any, path: str, report: Report) -> bool:
        if value in (None, ""):
            return True
        found = problems(value)
        report.problems(path, value, found)
        return not found

    return check


def _absolute(value: Any, path: str, report: Report) -> bool:
    if value and not value.startswith("/"):
        report.invalid(path, value, "must be an absolute path")
        return False
    return True
