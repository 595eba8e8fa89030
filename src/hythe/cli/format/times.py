"""Times in words, as docker says them: "About a minute ago", "2 hours ago"."""

from __future__ import annotations

import time

from hythe.base.units import human_duration


def ago(moment: float, now: float | None = None) -> str:
    """ "2 hours ago" for seconds since the epoch; "N/A" for never."""
    if moment <= 0:
        return "N/A"
    return human_duration((time.time() if now is None else now) - moment) + " ago"


def local(moment: float) -> str:
    """ "2024-01-31 12:00:00 +0100 CET"."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(moment))
