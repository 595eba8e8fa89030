"""Sizes and durations as people write them on command lines and in files.

Sizes follow docker's go-units: k, m, g, t, p are powers of 1024, with an optional "b" or "ib", in any case.
Durations follow Go's time.ParseDuration: "1h30m", "1.5s", "500ms", "2us"; in words, go-units' HumanDuration.
"""

from __future__ import annotations

import re
from typing import Final

from hythe.errors import InvalidArgument

_SIZE: Final = (
    r"(?i)^\s*(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?\s*$"  # compiled when used: `ps` only shows sizes
)
_POWER: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_DURATION: Final = r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)"
_NANOSECONDS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip


def parse_size(text: str) -> int:
    """Bytes in "512", "64k", "1.5g", "20MiB"."""
    match = re.match(_SIZE, text)
    if match is None:
        raise InvalidArgument(f"invalid size: {text!r}", hint="write a number and k, m, g or t, such as 512m")
    return int(float(match[1]) * 1024 ** _POWER[match[2].lower()])


def parse_duration(text: str) -> int:
    """Nanoseconds in "1h30m", "10s", "250ms"; "0" is allowed without a unit."""
    stripped = text.strip()
    if stripped == "0":
        return 0
    total, position = 0.0, 0
    for match in re.finditer(_DURATION, stripped):
        if match.start() != position:
            break
        total += float(match[1]) * _NANOSECONDS[match[2]]
        position = match.end()
    if position == 0 or position != len(stripped):
        raise InvalidArgument(f"invalid duration: {text!r}", hint="write numbers with units, such as 1m30s")
    return int(total)


def human_duration(seconds: float) -> str:
    """Roughly, as docker says it: "Less than a second", "3 minutes", "About an hour", "2 weeks"."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole < 60:
        return "1 second" if whole == 1 else f"{whole} seconds"
    minutes = whole // 60
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    hours = (whole + 1800) // 3600
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    for below, each, unit in ((24 * 14, 24, "days"), (24 * 60, 168, "weeks"), (24 * 730, 720, "months")):
        if hours < below:
            return f"{hours // each} {unit}"
    return f"{whole // 3600 // 24 // 365} years"


def _scaled(size: float, step: int, units: tuple[str, ...], digits: int) -> str:
    """`size` in the first unit in which it is below `step`, or the last."""
    for unit in units[:-1]:
        if size < step:
            return f"{size:.0f}{unit}" if unit == units[0] else f"{size:.{digits}g}{unit}"
        size /= step
    return f"{size:.{digits}g}{units[-1]}"


def human_size(size: float, digits: int = 3) -> str:
    """Docker's way of showing sizes on disk: powers of 1000, "1.24MB"; totals have 4 digits there."""
    return _scaled(size, 1000, ("B", "kB", "MB", "GB", "TB"), digits)


def human_memory(size: float) -> str:
    """Docker's way of showing memory: powers of 1024, "19.5MiB"."""
    return _scaled(size, 1024, ("B", "KiB", "MiB", "GiB", "TiB"), 4)
