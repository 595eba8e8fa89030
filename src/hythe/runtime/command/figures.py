"""A control group's statistics as runc's events show them: the names that containerd and others read."""

from __future__ import annotations

from typing import Any

from hythe.kernel.cgroups import Statistics


def shown(read: Statistics) -> dict[str, Any]:
    """The `data` of an event of type "stats"."""
    memory, cpu = read["memory"], read["cpu"]
    return {
        "cpu": {
            "usage": {"total": cpu["usage"], "kernel": cpu["system"], "user": cpu["user"]},
            "throttling": {
                "periods": cpu["periods"],
                "throttledPeriods": cpu["throttled_periods"],
                "throttledTime": cpu["throttled"],
            },
        },
        "memory": {
            "cache": memory["stat"].get("cache", memory["stat"].get("file", 0)),
            "usage": {
                "limit": memory["limit"],
                "usage": memory["usage"],
                "max": memory["max_usage"],
                "failcnt": 0,
            },
            "raw": memory["stat"],
        },
        "pids": dict(read["pids"]),
        "blkio": {
            "ioServiceBytesRecursive": [
                {"major": io["major"], "minor": io["minor"], "op": word, "value": io[key]}  # type: ignore[literal-required]
                for io in read["io"]
                for word, key in (("Read", "read_bytes"), ("Write", "write_bytes"))
            ],
            "ioServicedRecursive": [
                {"major": io["major"], "minor": io["minor"], "op": word, "value": io[key]}  # type: ignore[literal-required]
                for io in read["io"]
                for word, key in (("Read", "reads"), ("Write", "writes"))
            ],
        },
        "hugetlb": {},
        "intel_rdt": {},
        "network_interfaces": None,
    }
