"""Times as they stand in objects: RFC 3339 in UTC, whole seconds (metav1.Time) or microseconds (MicroTime)."""

from __future__ import annotations

import calendar
import time

SECOND = 1_000_000_000


def stamp(nanoseconds: int) -> str:
    """Whole seconds; the beginning of 1970 for 0, as Go writes an empty unix time."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(nanoseconds // SECOND))


def micro(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, SECOND)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 1000:06d}Z"


def seconds_of(text: str) -> int:
    """Unix seconds of a `stamp`; what is after the seconds is dropped."""
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
