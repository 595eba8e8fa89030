"""Values of CEL that Python has not, and what may be done with any two of them.

A 64-bit whole number is a Python int, checked for overflow; `UInt` is the one without a sign. Texts, bytes, lists,
maps, truths and null are Python's. Times are `Timestamp`s and `Duration`s of whole nanoseconds. Numbers of different
types are equal when they are the same number, and are compared, but never added.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final


class EvaluationError(Exception):
    """The expression has no value: a key that is not there, a division by zero, arguments of the wrong types."""


class UInt(int):
    """A whole number without a sign."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time in nanoseconds."""

    nanoseconds: int


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A moment, in nanoseconds since 1970."""

    nanoseconds: int


@dataclass(frozen=True, slots=True)
class Optional:
    """A value that may not be there."""

    present: bool = False
    held: Any = None


_UNITS: Final = {
    "h": 3600 * 10**9,
    "m": 60 * 10**9,
    "s": 10**9,
    "ms": 10**6,
    "us": 10**3,
    "µs": 10**3,
    "ns": 1,
}
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def no_overload(name: str = "") -> EvaluationError:
    return EvaluationError("no such overload" + (f": {name}" if name else ""))


def type_name(value: Any) -> str:
    """The name of a value's type, as `type()` and messages have it."""
    if value is None:
        return "null_type"
    names = {
        bool: "bool", UInt: "uint", int: "int", float: "double", str: "string", bytes: "bytes", list: "list",
        dict: "map", Duration: "google.protobuf.Duration", Timestamp: "google.protobuf.Timestamp",
        Optional: "optional_type",
    }  # fmt: skip
    return names.get(type(value), type(value).__name__)


def is_number(value: Any) -> bool:
    """int, uint or double."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equal(one: Any, other: Any) -> bool:
    """Equality as CEL has it: numbers by value, a truth is no number, maps and lists by their members."""
    if is_number(one) and is_number(other):
        return bool(one == other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(each, other[key]) for key, each in one.items())
    return type(one) is type(other) and bool(one == other)


def compare(one: Any, other: Any) -> int:
    """-1, 0 or 1. Raises for what has no order."""
    comparable = (is_number(one) and is_number(other)) or (
        type(one) is type(other) and isinstance(one, (str, bytes, bool, Duration, Timestamp))
    )
    if not comparable:
        raise no_overload()
    return int(one > other) - int(one < other)


def whole(number: int, like: Any) -> int:
    """A result of the type of `like`, within its range."""
    if isinstance(like, UInt):
        if not 0 <= number < 2**64:
            raise EvaluationError("unsigned integer overflow")
        return UInt(number)
    if not -(2**63) <= number < 2**63:
        raise EvaluationError("integer overflow")
    return number


def duration(text: str) -> Duration:
    """Go's durations: "1h30m", "-1.5s", "0"."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return Duration(0)
    total, position = 0, 0
    for match in re.finditer(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|ns|m|s)", rest):
        if match.start() != position:
            break
        before, _, after = match[1].partition(".")
        unit = _UNITS[match[2]]
        total += int(before or 0) * unit + int((after or "0").ljust(18, "0")[:18]) * unit // 10**18
        position = match.end()
    if not rest or position != len(rest):
        raise EvaluationError(f'time: invalid duration "{text}"')
    return Duration(sign * total)


def timestamp(text: str) -> Timestamp:
    """RFC 3339."""
    match = _MOMENT.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        zone = "+00:00" if match[3] in "Zz" else match[3]
        moment = datetime.fromisoformat(match[1].replace("t", "T") + zone)
    except ValueError:
        raise EvaluationError(f'parsing time "{text}": cannot parse as RFC 3339') from None
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return Timestamp(seconds * 10**9 + int((match[2] or "0").ljust(9, "0")))


def shown(value: Any) -> str:
    """A value as `string()` makes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Duration):
        seconds, rest = divmod(abs(value.nanoseconds), 10**9)
        text = f"{seconds}.{rest:09d}".rstrip("0").rstrip(".") if rest else str(seconds)
        return f"{'-' if value.nanoseconds < 0 else ''}{text}s"
    if isinstance(value, Timestamp):
        seconds, rest = divmod(value.nanoseconds, 10**9)
        moment = _EPOCH + timedelta(seconds=seconds)
        fraction = f".{rest:09d}".rstrip("0") if rest else ""
        return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from None
    raise no_overload("string")
