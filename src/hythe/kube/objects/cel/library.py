"""The operators and standard functions: each takes values and gives one, or raises `EvaluationError`.

A function is found by its name alone; `target.f(a)` is called as `f(target, a)`. Which types it takes it sees for
itself. What `&&`, `||`, `?:` and macros do with parts that they need not evaluate is in `evaluation`.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hythe.kube.objects.cel import values
from hythe.kube.objects.cel.values import Duration, EvaluationError, Optional, Timestamp, UInt, no_overload

Function = Callable[..., Any]


def _same_numbers(one: Any, other: Any) -> bool:
    return values.is_number(one) and type(one) is type(other)


def add(one: Any, other: Any) -> Any:
    if _same_numbers(one, other):
        return one + other if isinstance(one, float) else values.whole(int(one) + int(other), one)
    if isinstance(one, (str, bytes, list)) and type(one) is type(other):
        return operator.add(one, other)
    if isinstance(one, Duration) and isinstance(other, (Duration, Timestamp)):
        return type(other)(one.nanoseconds + other.nanoseconds)
    if isinstance(one, Timestamp) and isinstance(other, Duration):
        return Timestamp(one.nanoseconds + other.nanoseconds)
    raise no_overload("_+_")


def subtract(one: Any, other: Any) -> Any:
    if _same_numbers(one, other):
        return one - other if isinstance(one, float) else values.whole(int(one) - int(other), one)
    if isinstance(one, (Duration, Timestamp)) and isinstance(other, Duration):
        return type(one)(one.nanoseconds - other.nanoseconds)
    if isinstance(one, Timestamp) and isinstance(other, Timestamp):
        return Duration(one.nanoseconds - other.nanoseconds)
    raise no_overload("_-_")


def multiply(one: Any, other: Any) -> Any:
    if not _same_numbers(one, other):
        raise no_overload("_*_")
    return one * other if isinstance(one, float) else values.whole(int(one) * int(other), one)


def divide(one: Any, other: Any) -> Any:
    if not _same_numbers(one, other):
        raise no_overload("_/_")
    if isinstance(one, float):
        return one / other if other else math.nan if not one or one != one else math.copysign(math.inf, one)
    if not other:
        raise EvaluationError("division by zero")
    quotient = abs(int(one)) // abs(int(other))
    return values.whole(quotient if (one < 0) == (other < 0) else -quotient, one)


def remainder(one: Any, other: Any) -> Any:
    if not _same_numbers(one, other) or isinstance(one, float):
        raise no_overload("_%_")
    if not other:
        raise EvaluationError("modulus by zero")
    rest = abs(int(one)) % abs(int(other))
    return values.whole(-rest if one < 0 else rest, one)


def negate(value: Any) -> Any:
    if isinstance(value, float):
        return -value
    if values.is_number(value) and not isinstance(value, UInt):
        return values.whole(-value, value)
    raise no_overload("-_")


def contains(member: Any, of: Any) -> bool:
    """`member in of`."""
    if isinstance(of, dict):
        return any(values.equal(member, key) for key in of)
    if isinstance(of, list):
        return any(values.equal(member, each) for each in of)
    raise no_overload("@in")


def size(value: Any) -> int:
    if isinstance(value, (str, bytes, list, dict)):
        return len(value)
    raise no_overload("size")


def to_int(value: Any) -> int:
    if isinstance(value, Timestamp):
        return value.nanoseconds // 10**9
    if isinstance(value, float) and not abs(value) < 2**63:
        raise EvaluationError("integer overflow")
    if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+", value):
        raise EvaluationError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return values.whole(int(value), 0)
    raise no_overload("int")


def to_uint(value: Any) -> UInt:
    if isinstance(value, str) and not re.fullmatch(r"\d+", value):
        raise EvaluationError(f'strconv.ParseUint: parsing "{value}": invalid syntax')
    if isinstance(value, float) and not 0 <= value < 2**64:
        raise EvaluationError("unsigned integer overflow")
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return UInt(values.whole(int(value), UInt(0)))
    raise no_overload("uint")


def to_double(value: Any) -> float:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            raise EvaluationError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None
    raise no_overload("double")


def to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise EvaluationError("type conversion error")


def to_bytes(value: Any) -> bytes:
    if isinstance(value, (str, bytes)):
        return value.encode() if isinstance(value, str) else value
    raise no_overload("bytes")


def to_duration(value: Any) -> Duration:
    if isinstance(value, (str, Duration)):
        return values.duration(value) if isinstance(value, str) else value
    raise no_overload("duration")


def to_timestamp(value: Any) -> Timestamp:
    if isinstance(value, Timestamp):
        return value
    if isinstance(value, str):
        return values.timestamp(value)
    if values.is_number(value) and not isinstance(value, float):
        return Timestamp(int(value) * 10**9)
    raise no_overload("timestamp")


def on_texts(name: str, function: Callable[..., Any]) -> Function:
    """A function of texts alone."""

    def checked(*args: Any) -> Any:
        if not all(isinstance(each, str) for each in args):
            raise no_overload(name)
        return function(*args)

    return checked


def tests(name: str, make: Callable[[Any], Any]) -> Function:
    """Whether a text can be made into something: isQuantity, isIP, ..."""

    def test(value: Any) -> bool:
        if not isinstance(value, str):
            raise no_overload(name)
        try:
            make(value)
        except EvaluationError:
            return False
        return True

    return test


@lru_cache(maxsize=512)
def pattern(text: str) -> re.Pattern[str]:
    """A regular expression of RE2, as far as Python reads it alike."""
    try:
        return re.compile(text.replace(r"\z", r"\Z"))
    except re.error as problem:
        raise EvaluationError(f"error parsing regexp: {problem}") from problem


def _moment(value: Any, zone: Any) -> datetime:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value.nanoseconds // 1000)
    if not zone:
        return moment
    if match := re.fullmatch(r"([+-]?)(\d\d):(\d\d)", zone):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return moment.astimezone(timezone(-offset if match[1] == "-" else offset))
    try:
        return moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise EvaluationError(f"unknown time zone {zone}") from None


def _part(name: str, of_moment: Callable[[datetime], int], unit: int = 0) -> Function:
    """A part of a timestamp in a time zone; of a duration, its whole length in a unit of nanoseconds."""

    def part(value: Any, zone: Any = "") -> int:
        if isinstance(value, Timestamp):
            return of_moment(_moment(value, zone))
        if isinstance(value, Duration) and unit:
            return int(math.copysign(abs(value.nanoseconds) // unit, value.nanoseconds))
        raise no_overload(name)

    return part


def _milliseconds(value: Any, zone: Any = "") -> int:
    if isinstance(value, (Timestamp, Duration)):
        return value.nanoseconds // 10**6 % 1000
    raise no_overload("getMilliseconds")


def _present(value: Any) -> Optional:
    if isinstance(value, Optional):
        return value
    raise no_overload("optional")


def _held(value: Any) -> Any:
    if not _present(value).present:
        raise EvaluationError("optional.none() dereference")
    return value.held


FUNCTIONS: Final[dict[str, Function]] = {
    "_+_": add, "_-_": subtract, "_*_": multiply, "_/_": divide, "_%_": remainder, "-_": negate,
    "_==_": values.equal,
    "_!=_": lambda one, other: not values.equal(one, other),
    "_<_": lambda one, other: values.compare(one, other) < 0,
    "_<=_": lambda one, other: values.compare(one, other) <= 0,
    "_>_": lambda one, other: values.compare(one, other) > 0,
    "_>=_": lambda one, other: values.compare(one, other) >= 0,
    "@in": contains,
    "size": size, "int": to_int, "uint": to_uint, "double": to_double, "bool": to_bool, "bytes": to_bytes,
    "string": values.shown, "duration": to_duration, "timestamp": to_timestamp, "dyn": lambda value: value,
    "type": values.type_name,
    "startsWith": on_texts("startsWith", str.startswith), "endsWith": on_texts("endsWith", str.endswith),
    "contains": on_texts("contains", lambda text, part: part in text),
    "matches": on_texts("matches", lambda text, regex: pattern(regex).search(text) is not None),
    "getFullYear": _part("getFullYear", lambda moment: moment.year),
    "getMonth": _part("getMonth", lambda moment: moment.month - 1),
    "getDate": _part("getDate", lambda moment: moment.day),
    "getDayOfMonth": _part("getDayOfMonth", lambda moment: moment.day - 1),
    "getDayOfWeek": _part("getDayOfWeek", lambda moment: moment.isoweekday() % 7),
    "getDayOfYear": _part("getDayOfYear", lambda moment: moment.timetuple().tm_yday - 1),
    "getHours": _part("getHours", lambda moment: moment.hour, 3600 * 10**9),
    "getMinutes": _part("getMinutes", lambda moment: moment.minute, 60 * 10**9),
    "getSeconds": _part("getSeconds", lambda moment: moment.second, 10**9),
    "getMilliseconds": _milliseconds,
    "hasValue": lambda value: _present(value).present,
    "value": _held,
    "orValue": lambda value, other: value.held if _present(value).present else other,
    "or": lambda value, other: value if _present(value).present else _present(other),
}  # fmt: skip
