"""Durations and selectors for people, as Kubernetes prints them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

UNKNOWN: Final = "<unknown>"
NONE: Final = "<none>"
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def moment(text: str) -> datetime:
    """A point in time in RFC 3339; a fraction of a second may be there."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def since(text: str | None, now: datetime) -> str:
    """How long ago a point in time was: `<unknown>` where none is said."""
    return duration((now - moment(text)).total_seconds()) if text else UNKNOWN


def duration(seconds: float) -> str:
    """A length of time in two or three significant digits: 75s, 5m10s, 3h, 2d4h, 1y20d."""
    s = int(seconds)
    if s < -1:
        return "<invalid>"
    if s < 0:
        return "0s"
    if s < 2 * _MINUTE:
        return f"{s}s"
    if s < 10 * _MINUTE:
        return _two(s, _MINUTE, "m", 1, "s")
    if s < 3 * _HOUR:
        return f"{s // _MINUTE}m"
    if s < 8 * _HOUR:
        return _two(s, _HOUR, "h", _MINUTE, "m")
    if s < 2 * _DAY:
        return f"{s // _HOUR}h"
    if s < 8 * _DAY:
        return _two(s, _DAY, "d", _HOUR, "h")
    if s < 2 * _YEAR:
        return f"{s // _DAY}d"
    return _two(s, _YEAR, "y", _DAY, "d") if s < 8 * _YEAR else f"{s // _YEAR}y"


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    whole, rest = divmod(seconds, large)
    part = rest // small
    return f"{whole}{large_name}{part}{small_name}" if part else f"{whole}{large_name}"


def labels(found: Mapping[str, Any] | None) -> str:
    """`a=b,c=d`, sorted."""
    return ",".join(f"{key}={value}" for key, value in sorted(found.items())) if found else NONE


def selector(found: Mapping[str, Any] | None) -> str:
    """A label selector: `app=web,tier in (a,b),!old`. One that selects all is `<none>`, as one that is not there."""
    terms = dict(sorted((found or {}).get("matchLabels", {}).items()))
    parts = [(key, f"{key}={value}") for key, value in terms.items()]
    for one in (found or {}).get("matchExpressions", ()):
        key, values = one["key"], ",".join(sorted(one.get("values", ())))
        forms = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        parts.append((key, forms.get(one["operator"], f"!{key}")))
    return ",".join(text for _, text in sorted(parts, key=lambda part: part[0])) or NONE


def some(items: list[str], most: int = 3, *, more: int = 0) -> str:
    """The first few of a list, and how many more there are."""
    shown = ",".join(items[:most])
    left = max(len(items) - most, 0) + more
    return f"{shown} + {left} more..." if left else shown
