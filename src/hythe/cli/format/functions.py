"""The functions that templates may call: Go's own, and docker's additions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from hythe.cli.format.values import Missing, element, text, to_json, truth
from hythe.errors import InvalidArgument

_VERB: Final = re.compile(r"%(?P<flags>[-+ 0#]*)(?P<width>\d*)(?:\.(?P<precision>\d+))?(?P<verb>[a-zA-Z%])")


def call(name: str, arguments: list[Any]) -> Any:
    """Raises InvalidArgument for an unknown name, or arguments that do not fit."""
    function = _FUNCTIONS.get(name)
    if function is None:
        raise InvalidArgument(
            f"template: there is no function {name!r}", hint=f"there are {', '.join(_FUNCTIONS)}"
        )
    return apply(name, function, arguments)


def apply(name: str, function: Callable[..., Any], arguments: list[Any]) -> Any:
    """Raises InvalidArgument for arguments that it cannot take."""
    try:
        return function(*arguments)
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        raise InvalidArgument(f"template: {name}: {error}") from error


def printf(form: str, *arguments: Any) -> str:
    """Go's verbs v s d q x f t and %%."""
    rest = list(arguments)

    def show(match: re.Match[str]) -> str:
        if match["verb"] == "%":
            return "%"
        if not rest:
            return f"%!{match['verb']}(MISSING)"
        value = rest.pop(0)
        shown = _verb(match["verb"], value, match["precision"])
        width, flags = int(match["width"] or 0), match["flags"]
        if "-" in flags:
            return shown.ljust(width)
        return shown.zfill(width) if "0" in flags else shown.rjust(width)

    return _VERB.sub(show, form)


def _verb(verb: str, value: Any, precision: str | None) -> str:
    if verb == "q":
        return to_json(text(value))
    if verb == "x":
        return f"{value:x}" if isinstance(value, int) else text(value).encode().hex()
    if verb in "feg":
        return f"{float(value):.{precision or 6}{verb}}"
    shown = text(value)
    return shown[: int(precision)] if verb == "s" and precision else shown


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = element(value, key)
    return value


def _slice(value: Any, start: int = 0, end: int | None = None) -> Any:
    return value[start:end]


def _length(value: Any) -> int:
    if isinstance(value, Missing):
        raise value.error()
    return len(value) if value is not None else 0


def _truncate(value: Any, length: int) -> str:
    return text(value)[:length]


def _equal(first: Any, *others: Any) -> bool:
    if isinstance(first, Missing):
        raise first.error()
    return any(first == other for other in others)


def _first_true(*values: Any) -> Any:
    return next((value for value in values if truth(value)), values[-1])


def _first_false(*values: Any) -> Any:
    return next((value for value in values if not truth(value)), values[-1])


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "json": to_json,
    "upper": lambda value: text(value).upper(),
    "lower": lambda value: text(value).lower(),
    "title": lambda value: text(value).title(),
    "join": lambda values, separator: str(separator).join(text(value) for value in values or []),
    "split": lambda value, separator: text(value).split(separator),
    "pad": lambda value, before, after: " " * before + text(value) + " " * after,
    "truncate": _truncate,
    "print": lambda *values: "".join(text(value) for value in values),
    "println": lambda *values: " ".join(text(value) for value in values) + "\n",
    "printf": printf,
    "len": _length,
    "index": _index,
    "slice": _slice,
    "not": lambda value: not truth(value),
    "and": _first_false,
    "or": _first_true,
    "eq": _equal,
    "ne": lambda first, second: not _equal(first, second),
    "lt": lambda first, second: first < second,
    "le": lambda first, second: first <= second,
    "gt": lambda first, second: first > second,
    "ge": lambda first, second: first >= second,
}
