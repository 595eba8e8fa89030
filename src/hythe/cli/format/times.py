"""Times in words, as docker says them: "About a minute ago", "2 hours ago". As go-units' HumanDuration."""

from __future__ import annotations

import time
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def human_duration(seconds: float) -> str:
    """A length of time, roughly."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < _MINUTE:
        return f"{whole} seconds"
    minutes = whole // _MINUTE
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    hours = int(seconds / _HOUR + 0.5)
    if hours == 1:
        return "About an hour"
    if hours < 48:
        return f"{hours} hours"
    if hours < 24 * 7 * 2:
        return f"{hours // 24} days"
    if hours < 24 * 30 * 2:
        return f"{hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{hours // 24 // 30} months"
    return f"{int(seconds / _DAY) // 365} years"


def ago(moment: float, now: float | None = None) -> str:
    """ "2 hours ago" for seconds since the epoch; "N/A" for never."""
    if moment <= 0:
        return "N/A"
    return human_duration((time.time() if now is None else now) - moment) + " ago"


def local(moment: float) -> str:
    """ "2024-01-31 12:00:00 +0100 CET"."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(moment))


def parse_rfc3339(text: str) -> float:
    """Seconds since the epoch of "2024-01-31T12:00:00.123456789Z"; 0 for Go's zero time."""
    import calendar

    if not text or text.startswith("0001-"):
        return 0.0
    stamp, zone = text[:19], text[19:]
    fraction = ""
    if zone.startswith("."):
        digits = len(zone[1:]) - len(zone[1:].lstrip("0123456789"))
        fraction, zone = zone[1 : 1 + digits], zone[1 + digits :]
    seconds = calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")
    if zone and zone != "Z":
        sign = -1 if zone[0] == "+" else 1
        seconds += sign * (int(zone[1:3]) * _HOUR + int(zone[4:6]) * _MINUTE)
    return seconds
