"""Points in time, in text: RFC 3339 as Go reads and writes it.

`Time` has whole seconds and is kept in UTC; `MicroTime` has six digits of a second. A time that cannot be read is
complained about as Go's time.Parse does it, by the first part that does not fit.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from hythe.kube.objects.schema.decode.failures import Undecodable

_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT: Final = "2006-01-02T15:04:05.000000Z07:00"
_WHOLE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([.,]\d+)?(Z|[-+]\d\d:\d\d)")
_PARTS: Final = (
    ("2006", r"\d{4}"), ("-", "-"), ("01", r"\d\d"), ("-", "-"), ("02", r"\d\d"), ("T", "T"),
    ("15", r"\d\d"), (":", ":"), ("04", r"\d\d"), (":", ":"), ("05", r"\d\d(?:[.,]\d+)?"),
    ("Z07:00", r"Z|[-+]\d\d:\d\d"),
)  # fmt: skip
_RANGES: Final = (("month", 12, 1), ("day", 31, 1), ("hour", 23, 0), ("minute", 59, 0), ("second", 59, 0))


def canonical(text: str, *, micro: bool = False) -> str:
    """`text` in UTC, as Kubernetes stores it; `Undecodable` if it is no time."""
    moment = parse(text, micro=micro)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


def parse(text: str, *, micro: bool = False) -> datetime:
    match = _WHOLE.fullmatch(text)
    if not match:
        raise Undecodable(_complaint(text, _MICRO_LAYOUT if micro else _LAYOUT))
    for value, (name, most, least) in zip(match.groups()[1:6], _RANGES, strict=True):
        if not least <= int(value) <= most:
            raise Undecodable(f'parsing time "{text}": {name} out of range')
    fraction = (match[7] or ".0")[1:7].ljust(6, "0")
    zone = "+00:00" if match[8] == "Z" else match[8]
    try:
        return datetime.fromisoformat(f"{text[:19]}.{fraction}{zone}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Undecodable(f'parsing time "{text}": day out of range') from error


def from_unix(seconds: int, nanos: int, *, micro: bool = False) -> str:
    """The text of a point in time given in seconds since 1970; empty for Go's zero time."""
    if not seconds and not nanos:
        return ""
    try:
        moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanos // 1000)
    except (ValueError, OverflowError, OSError):
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


def _complaint(text: str, layout: str) -> str:
    rest = text
    for name, pattern in _PARTS:
        match = re.match(pattern, rest)
        if not match:
            return f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{name}"'
        rest = rest[match.end() :]
    return f'parsing time "{text}": extra text: "{rest}"'
