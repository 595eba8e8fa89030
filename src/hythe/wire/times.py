"""Points in time on the wire: RFC 3339 with nanoseconds, and Unix seconds with a fraction.

Inside hythe a time is a whole number of nanoseconds since the epoch; Python's datetime has only microseconds
and floats lose the last digits, so neither is used. Go writes the zero time as year 1, and its
RFC3339Nano drops trailing zeros of the fraction.
"""

from __future__ import annotations

import re
from datetime import datetime
from time import gmtime, strftime
from typing import Final

from hythe.base.units import parse_duration
from hythe.errors import InvalidArgument

SECOND: Final = 1_000_000_000
ZERO: Final = "0001-01-01T00:00:00Z"

_UNIX: Final = re.compile(r"^(-?\d+)(?:\.(\d{1,9})\d*)?$")
_RFC3339: Final = re.compile(
    r"^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9})\d*)?)?([Zz]|[+-]\d\d:\d\d)?$"
)


def format_moment(nanoseconds: int) -> str:
    """RFC3339Nano in UTC; 0 is the beginning of 1970."""
    seconds, rest = divmod(nanoseconds, SECOND)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds)) + fraction + "Z"


def format_time(nanoseconds: int) -> str:
    """As `format_moment`, but 0 is "never", Go's zero time."""
    return format_moment(nanoseconds) if nanoseconds else ZERO


def format_fixed(nanoseconds: int) -> str:
    """As `format_time`, but always nine digits, so that the lines of a log stay in columns."""
    seconds, rest = divmod(nanoseconds, SECOND)
    return f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(seconds))}.{rest:09d}Z"


def parse_time(text: str, now: int, *, local: bool = False) -> int:
    """Nanoseconds since the epoch in what `--since` and `--until` take.

    Unix seconds ("1700000000.5"), RFC 3339 ("2026-01-02T15:04:05.1Z", the time or the zone may be left out,
    then midnight and UTC, or with `local` this machine's zone, are meant), or a duration before `now` ("10m").
    "" and "0" are 0: no limit.
    """
    text = text.strip()
    if text in ("", "0"):
        return 0
    if match := _UNIX.match(text):
        seconds, fraction = int(match[1]), int((match[2] or "").ljust(9, "0"))
        return seconds * SECOND + (-fraction if text.startswith("-") else fraction)
    if match := _RFC3339.match(text):
        return _from_rfc3339(text, match, local)
    try:
        return now - parse_duration(text)
    except InvalidArgument as error:
        raise InvalidArgument(
            f"invalid time: {text!r}",
            hint="write Unix seconds, 2026-01-02T15:04:05Z, or a duration such as 10m",
        ) from error


def parse_created(text: str) -> int:
    """Nanoseconds since the epoch of an image's `created`; 0 for "", "never" and what cannot be read."""
    try:
        return max(parse_time(text, 0), 0)
    except InvalidArgument:
        return 0


def _from_rfc3339(text: str, match: re.Match[str], local: bool) -> int:
    date, clock, fraction, zone = match[1], match[2] or "00:00:00", match[3] or "", match[4]
    if zone is None:
        zone = "" if local else "+00:00"
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{zone.upper().replace('Z', '+00:00')}")
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError) as error:
        raise InvalidArgument(f"invalid time: {text!r}: {error}") from error
    return seconds * SECOND + int(fraction.ljust(9, "0"))
