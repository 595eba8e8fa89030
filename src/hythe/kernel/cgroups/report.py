"""Statistics as `runc events --stats` prints them, for those who read that: its names, its units.

Entries without a value are left out, as there. A memory counter without a limit has the largest number.
"""

from __future__ import annotations

from typing import Any, Final

from hythe.kernel.cgroups.interface import CpuStatistics, MemoryCounter, Statistics

_UNLIMITED: Final = 2**64 - 1


def report(read: Statistics) -> dict[str, Any]:
    """The `data` of an event of type "stats"."""
    memory = read["memory"]
    return {
        "cpu": _cpu(read["cpu"]),
        "cpuset": {
            name: _numbers(text) if name in ("cpus", "mems") else int(text)
            for name, text in read["cpuset"].items()
        },
        "memory": {
            "cache": memory["cache"],
            "usage": _counter(memory),
            "swap": _counter(memory["with_swap"]),
            "kernel": _counter(memory["kernel"]),
            "kernelTCP": _counter(memory["kernel_tcp"]),
            "raw": memory["stat"],
        },
        "pids": {name: value for name, value in read["pids"].items() if value},
        "blkio": _block_io(read),
        "hugetlb": {
            size: {"usage": pages["usage"], "max": pages["max_usage"], "failcnt": pages["failures"]}
            for size, pages in read["hugetlb"].items()
        },
        "intel_rdt": {},
        "network_interfaces": None,
    }


def _cpu(cpu: CpuStatistics) -> dict[str, Any]:
    usage: dict[str, Any] = {"total": cpu["usage"]}
    if cpu["by_processor"]:
        usage["percpu"] = [user + system for user, system in cpu["by_processor"]]
        usage["percpu_kernel"] = [system for _, system in cpu["by_processor"]]
        usage["percpu_user"] = [user for user, _ in cpu["by_processor"]]
    usage |= {"kernel": cpu["system"], "user": cpu["user"]}
    throttling = {
        "periods": cpu["periods"],
        "throttledPeriods": cpu["throttled_periods"],
        "throttledTime": cpu["throttled"],
    }
    return {"usage": usage, "throttling": {name: value for name, value in throttling.items() if value}}


def _counter(counter: MemoryCounter) -> dict[str, int]:
    result = {
        "limit": counter["limit"] or _UNLIMITED,
        "usage": counter["usage"],
        "max": counter["max_usage"],
        "failcnt": counter["failures"],
    }
    return {name: value for name, value in result.items() if value or name in ("limit", "failcnt")}


def _block_io(read: Statistics) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, pairs in (
        ("ioServiceBytesRecursive", (("Read", "read_bytes"), ("Write", "write_bytes"))),
        ("ioServicedRecursive", (("Read", "reads"), ("Write", "writes"))),
    ):
        entries = [
            {"major": one["major"], "minor": one["minor"], "op": word, "value": one[key]}  # type: ignore[literal-required]
            for one in read["io"]
            for word, key in pairs
        ]
        if entries:
            result[name] = entries
    return result


def _numbers(text: str) -> list[int]:
    """[0, 1, 2, 5] for "0-2,5"."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
