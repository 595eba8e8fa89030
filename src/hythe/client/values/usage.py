"""What a container uses, at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hythe.client.values.reading import Json, below, moment


@dataclass(frozen=True, slots=True)
class Stats:
    """Counters since the container's start, but for memory and processes, which are as they are now.

    Times in seconds, sizes in bytes. `cpu` is the share of one processor since the sample before: 1.5 is one and a
    half processors busy; None in a first sample.
    """

    read: datetime | None
    cpu: float | None
    cpu_seconds: float
    memory: int
    memory_limit: int
    processes: int
    received: int
    sent: int
    disk_read: int
    disk_written: int
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def of(cls, value: Json) -> Stats:
        """From one of ContainerStats' answer."""
        networks = (value.get("networks") or {}).values()
        memory = value.get("memory_stats") or {}
        return cls(
            read=moment(value.get("read")),
            cpu=_share(value),
            cpu_seconds=(below(value, "cpu_stats", "cpu_usage", "total_usage") or 0) / 1e9,
            memory=_working_set(memory),
            memory_limit=memory.get("limit", 0),
            processes=below(value, "pids_stats", "current") or 0,
            received=sum(each["rx_bytes"] for each in networks),
            sent=sum(each["tx_bytes"] for each in networks),
            disk_read=_moved(value, "read"),
            disk_written=_moved(value, "write"),
            raw=value,
        )


def _share(value: Json) -> float | None:
    before = below(value, "precpu_stats", "system_cpu_usage")
    now = below(value, "cpu_stats", "system_cpu_usage")
    if not before or not now or now <= before:
        return None
    used = below(value, "cpu_stats", "cpu_usage", "total_usage")
    used -= below(value, "precpu_stats", "cpu_usage", "total_usage")
    share: float = used / (now - before) * (below(value, "cpu_stats", "online_cpus") or 1)
    return share


def _working_set(memory: Json) -> int:
    """Without the page cache that the kernel can take back at once, as `docker stats` shows it."""
    stats = memory.get("stats") or {}
    idle = stats.get("total_inactive_file", stats.get("inactive_file", 0))
    usage: int = memory.get("usage", 0)
    return usage - idle if idle < usage else usage


def _moved(value: Json, word: str) -> int:
    entries = below(value, "blkio_stats", "io_service_bytes_recursive") or ()
    return sum(each["value"] for each in entries if each["op"].lower() == word)
