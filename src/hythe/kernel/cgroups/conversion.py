"""Numbers of version 1, in which config.json speaks, as version 2 has them.

Weights are on other scales, and memory + swap together became swap alone. Sources: config-linux.md, and for the
scales what runc and crun do.
"""

from __future__ import annotations

import math
from typing import Any, Final

from hythe.errors import InvalidArgument

UNLIMITED: Final = "max"


def maximum(value: int) -> str:
    """ "max" for what is negative."""
    return UNLIMITED if value < 0 else str(value)


def cpu_weight(shares: int) -> int:
    """cpu.weight (1..10000) for cpu.shares (2..262144): both ends and the default, 1024 -> 100, meet.

    The curve of runc >= 1.4 and crun >= 1.23. The straight line of older ones gives 39 for 1024, so that one who
    asks for the usual share got less than half of one who asks for nothing.
    """
    log = math.log2(max(2, min(shares, 262144)))
    return max(1, min(10000, math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34))))


def io_weight(weight: int) -> int:
    """io.weight (1..10000) for blkio.weight (10..1000)."""
    return 1 + (max(10, min(weight, 1000)) - 10) * 9999 // 990


def swap_alone(memory: dict[str, Any]) -> str | None:
    """memory.swap.max for `linux.resources.memory`; None where it is to stay. 0 stands for "not given"."""
    limit, swap = memory.get("limit") or 0, memory.get("swap") or 0
    if swap == 0:
        return UNLIMITED if limit == -1 else None
    if swap == -1:
        return UNLIMITED
    if limit == -1:
        return str(swap)
    if limit == 0:
        raise InvalidArgument("linux.resources.memory: a limit for memory + swap needs a limit for memory")
    if swap < limit:
        raise InvalidArgument(
            f"linux.resources.memory: the limit for memory + swap ({swap}) is below that for memory ({limit})"
        )
    return str(swap - limit)
