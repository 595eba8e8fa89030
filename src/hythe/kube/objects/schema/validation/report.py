"""What is wrong with an object, gathered as Kubernetes words it: the path of a field, the sort of mistake, the value.

Source: k8s.io/apimachinery, pkg/util/validation/field/errors.go (1.32).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hythe.kube.objects.status import Cause

MIN_ZERO: Final = "must be greater than or equal to 0"
IMMUTABLE: Final = "field is immutable"


class Report:
    """The causes found so far, in the order in which they were found."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []

    def _add(self, reason: str, words: str, path: str, detail: str) -> None:
        self.causes.append(Cause(reason, f"{words}: {detail}" if detail else words, path))

    def required(self, path: str, detail: str = "") -> None:
        self._add("FieldValueRequired", "Required value", path, detail)

    def invalid(self, path: str, value: Any, detail: str = "") -> None:
        self._add("FieldValueInvalid", f"Invalid value: {shown(value)}", path, detail)

    def problems(self, path: str, value: Any, details: Iterable[str]) -> None:
        """One `invalid` for each detail."""
        for detail in details:
            self.invalid(path, value, detail)

    def forbidden(self, path: str, detail: str) -> None:
        self._add("FieldValueForbidden", "Forbidden", path, detail)

    def duplicate(self, path: str, value: Any) -> None:
        self._add("FieldValueDuplicate", f"Duplicate value: {shown(value)}", path, "")

    def not_found(self, path: str, value: Any) -> None:
        self._add("FieldValueNotFound", f"Not found: {shown(value)}", path, "")

    def not_supported(self, path: str, value: Any, supported: Iterable[str]) -> None:
        known = ", ".join(quoted(one) for one in supported)
        self._add(
            "FieldValueNotSupported", f"Unsupported value: {shown(value)}", path, f"supported values: {known}"
        )

    def too_long(self, path: str, most: int) -> None:
        self._add("FieldValueTooLong", "Too long", path, f"may not be more than {most} bytes")

    def too_many(self, path: str, found: int, most: int) -> None:
        self._add("FieldValueTooMany", f"Too many: {found}", path, f"must have at most {most} items")

    def immutable(self, path: str, new: Any, old: Any) -> None:
        """A field that may not change, if it has."""
        if new != old:
            self.invalid(path, new, IMMUTABLE)


class Shown(str):
    """Text that stands in a message as it is, without quotes: a value that Go prints in its own way."""


def shown(value: Any) -> str:
    """A value in a message: text quoted, numbers plain, what holds others as JSON."""
    if isinstance(value, Shown):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return '"null"'
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def string_map(found: Mapping[str, str] | None) -> Shown:
    """A map of strings as Go prints it."""
    if found is None:
        return Shown("map[string]string(nil)")
    pairs = ", ".join(f"{quoted(key)}:{quoted(found[key])}" for key in sorted(found))
    return Shown(f"map[string]string{{{pairs}}}")


def strings(found: Iterable[str]) -> Shown:
    """A list of strings as Go prints it."""
    return Shown(f"[]string{{{', '.join(quoted(one) for one in found)}}}")


def label_selector(found: Mapping[str, Any] | None) -> Shown | str:
    """A label selector as Go prints it."""
    if found is None:
        return "null"
    expressions = found.get("matchExpressions") or []
    listed = ", ".join(
        f"v1.LabelSelectorRequirement{{Key:{quoted(one.get('key', ''))}, Operator:{quoted(one.get('operator', ''))}, "
        f"Values:{strings(one['values']) if one.get('values') else '[]string(nil)'}}}"
        for one in expressions
    )
    known = f"[]v1.LabelSelectorRequirement{{{listed}}}" if listed else "[]v1.LabelSelectorRequirement(nil)"
    labels = string_map(found.get("matchLabels"))
    return Shown(f"v1.LabelSelector{{MatchLabels:{labels}, MatchExpressions:{known}}}")
