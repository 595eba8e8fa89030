"""Cron's five fields, and when they are next due. Pure.

Minute, hour, day of the month, month, day of the week (0 or 7 is Sunday, names too); each a list of `*`, numbers,
ranges and steps. If both days are restricted, either may match, as cron has it. `@hourly` and its like, and
`@every 1h30m`, are known. Times are of the zone that is given; one that a change of the clock leaves out is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from hythe.errors import InvalidArgument

_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS: Final = "sun mon tue wed thu fri sat".split()
_NAMED: Final = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_UNITS: Final = {"h": 3600, "m": 60, "s": 1}
_FARTHEST_DAYS: Final = 366 * 5


@dataclass(frozen=True, slots=True)
class Schedule:
    """`every`: a fixed distance instead of the fields."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = True
    any_weekday: bool = True
    every: timedelta | None = None

    def after(self, moment: datetime, zone: tzinfo = UTC) -> datetime | None:
        """The first time strictly later, in UTC; None: there is none in five years (30 February)."""
        if self.every is not None:
            return moment.replace(microsecond=0) + self.every
        local = (moment.astimezone(zone) + timedelta(minutes=1)).replace(second=0, microsecond=0, tzinfo=None)
        day = local.date()
        for _ in range(_FARTHEST_DAYS):
            if day.month in self.months and self._on(day.day, (day.weekday() + 1) % 7):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        found = datetime(day.year, day.month, day.day, hour, minute)
                        if found >= local and (at := _real(found, zone)) is not None and at > moment:
                            return at
            day += timedelta(days=1)
        return None

    def _on(self, day: int, weekday: int) -> bool:
        by_day, by_weekday = day in self.days, weekday in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


def parse(text: str) -> Schedule:
    """Raises InvalidArgument."""
    text = text.strip()
    if text.startswith("@every "):
        parts = _DURATION.findall(text[7:])
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if seconds < 1 or _DURATION.sub("", text[7:]).strip():
            raise InvalidArgument(f"failed to parse duration {text}")
        return Schedule(every=timedelta(seconds=int(seconds)))
    fields = _NAMED.get(text, text).split()
    if len(fields) != 5:
        raise InvalidArgument(f"expected exactly 5 fields, found {len(fields)}: [{text}]")
    minute, hour, day, month, weekday = fields
    return Schedule(
        _field(minute, 0, 59), _field(hour, 0, 23), _field(day, 1, 31), _field(month, 1, 12, _MONTHS, 1),
        frozenset(each % 7 for each in _field(weekday, 0, 7, _DAYS, 0)),
        day in ("*", "?"), weekday in ("*", "?"),
    )  # fmt: skip


def _field(text: str, low: int, high: int, names: list[str] | None = None, first: int = 0) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        start, dash, end = span.partition("-")
        if start in ("*", "?"):
            begin, last = low, high
        else:
            begin = _number(start, names, first)
            last = _number(end, names, first) if dash else (high if slash else begin)
        stride = int(step) if step.isdigit() else (0 if slash else 1)
        if not (low <= begin <= last <= high) or stride < 1:
            raise InvalidArgument(f"{part!r} is not within {low} and {high}")
        found.update(range(begin, last + 1, stride))
    return frozenset(found)


def _number(text: str, names: list[str] | None, first: int) -> int:
    if names and text.lower() in names:
        return names.index(text.lower()) + first
    if not text.isdigit():
        raise InvalidArgument(f"failed to parse int from {text}")
    return int(text)


def _real(local: datetime, zone: tzinfo) -> datetime | None:
    """In UTC; None for a time that the clocks leap over."""
    at = local.replace(tzinfo=zone).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None) == local else None
