"""When keys that end do so: keys that end at about the same time end together, so that it costs little."""

from __future__ import annotations

import math
from typing import Final

LONGEST_STEP: Final = 30  # seconds between the ends of keys that live long


def end_of_life(now: float, ttl: float) -> int:
    """When a key that is to live `ttl` seconds ends: then or a little later, never sooner."""
    step = max(1, min(LONGEST_STEP, int(ttl / 20)))
    return math.ceil((now + ttl) / step) * step
