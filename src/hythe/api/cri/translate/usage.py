"""One reading of what a container uses, in CRI's messages. Times in nanoseconds, sizes in bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from cri_api.v1 import api_pb2 as cri

from hythe.engine.containers.usage import Sample

_FIRST: Final = "eth0"


def value(number: int) -> cri.UInt64Value:
    return cri.UInt64Value(value=max(0, number))


def _memory_field(sample: Sample, *names: str) -> int:
    """The first of these fields of memory.stat that there is: versions 1 and 2 of control groups differ."""
    return next((sample.memory_stats[name] for name in names if name in sample.memory_stats), 0)


def cpu(now: int, total: int, cores: int | None) -> cri.CpuUsage:
    """`cores`: billionths of a processor since the last reading, None for the first."""
    result = cri.CpuUsage(timestamp=now, usage_core_nano_seconds=value(total))
    if cores is not None:
        result.usage_nano_cores.CopyFrom(value(cores))
    return result


def memory(now: int, samples: Iterable[Sample]) -> cri.MemoryUsage:
    """Of several containers together."""
    read = list(samples)
    usage = sum(one.memory_usage for one in read)
    idle = sum(_memory_field(one, "total_inactive_file", "inactive_file") for one in read)
    limit = sum(one.memory_limit for one in read)
    working = max(0, usage - idle)
    return cri.MemoryUsage(
        timestamp=now,
        usage_bytes=value(usage),
        working_set_bytes=value(working),
        available_bytes=value(limit - working),
        rss_bytes=value(sum(_memory_field(one, "total_rss", "rss", "anon") for one in read)),
        page_faults=value(sum(_memory_field(one, "total_pgfault", "pgfault") for one in read)),
        major_page_faults=value(sum(_memory_field(one, "total_pgmajfault", "pgmajfault") for one in read)),
    )


def network(now: int, interfaces: Mapping[str, Mapping[str, int]]) -> cri.NetworkUsage:
    """The counters of a pod's interfaces, its first by itself."""
    found = {
        name: cri.NetworkInterfaceUsage(
            name=name,
            rx_bytes=value(counters["rx_bytes"]),
            rx_errors=value(counters["rx_errors"]),
            tx_bytes=value(counters["tx_bytes"]),
            tx_errors=value(counters["tx_errors"]),
        )
        for name, counters in interfaces.items()
    }
    result = cri.NetworkUsage(timestamp=now, interfaces=found.values())
    if _FIRST in found:
        result.default_interface.CopyFrom(found[_FIRST])
    return result
