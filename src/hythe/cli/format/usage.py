"""The row of a container in `stats`, computed from a ContainerStats object as docker's client does."""

from __future__ import annotations

from typing import Any, Final

from hythe.base.ids import short
from hythe.base.units import human_memory, human_size

COLUMNS: Final = {
    "Container": "CONTAINER", "ID": "CONTAINER ID", "Name": "NAME", "CPUPerc": "CPU %",
    "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %", "NetIO": "NET I/O", "BlockIO": "BLOCK I/O",
    "PIDs": "PIDS",
}  # fmt: skip
DEFAULT: Final = ("ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs")

Json = dict[str, Any]


def row(sample: Json, name: str = "", *, whole: bool = False) -> Json:
    """Every field that templates know; `name` is what the container was called on the command line."""
    identity = sample.get("id", "")
    used, limit = _memory(sample.get("memory_stats") or {})
    received, sent = _network(sample.get("networks") or {})
    read, written = _blocks(sample.get("blkio_stats") or {})
    return {
        "Container": name or (identity if whole else short(identity)), "ID": identity if whole else short(identity),
        "Name": sample.get("name", "").lstrip("/"), "CPUPerc": f"{cpu_percent(sample):.2f}%",
        "MemUsage": f"{human_memory(used)} / {human_memory(limit)}",
        "MemPerc": f"{used * 100 / limit if limit else 0:.2f}%",
        "NetIO": f"{human_size(received)} / {human_size(sent)}",
        "BlockIO": f"{human_size(read)} / {human_size(written)}",
        "PIDs": str((sample.get("pids_stats") or {}).get("current", 0)),
    }  # fmt: skip


def cpu_percent(sample: Json) -> float:
    """Of one CPU: 150 is one and a half. Between this sample and the one before."""
    now, before = sample.get("cpu_stats") or {}, sample.get("precpu_stats") or {}
    spent = _total(now) - _total(before)
    passed = (now.get("system_cpu_usage") or 0) - (before.get("system_cpu_usage") or 0)
    count = now.get("online_cpus") or len((now.get("cpu_usage") or {}).get("percpu_usage") or []) or 1
    return spent / passed * count * 100 if spent > 0 and passed > 0 else 0.0


def _total(cpu: Json) -> int:
    return int((cpu.get("cpu_usage") or {}).get("total_usage") or 0)


def _memory(memory: Json) -> tuple[int, int]:
    """Without the page cache that can be given back at once: v1's and v2's names of it."""
    details = memory.get("stats") or {}
    inactive = details.get("total_inactive_file", details.get("inactive_file", 0))
    used = memory.get("usage") or 0
    return (used - inactive if inactive < used else used), memory.get("limit") or 0


def _network(networks: Json) -> tuple[int, int]:
    return (
        sum(one.get("rx_bytes", 0) for one in networks.values()),
        sum(one.get("tx_bytes", 0) for one in networks.values()),
    )


def _blocks(blocks: Json) -> tuple[int, int]:
    entries = blocks.get("io_service_bytes_recursive") or []
    sums = {"read": 0, "write": 0}
    for entry in entries:
        operation = str(entry.get("op", "")).lower()
        if operation in sums:
            sums[operation] += entry.get("value", 0)
    return sums["read"], sums["write"]
