"""GET /containers/{id}/stats: a reading of a container's cgroups and interfaces, with the one before it.

Times are in nanoseconds, sizes in bytes. Clients compute the CPU share from two readings and
the whole machine's time in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hythe.engine.model import Container
from hythe.wire.times import ZERO, format_time

if TYPE_CHECKING:
    from hythe.engine.containers.usage import Sample


def stats_json(container: Container, sample: Sample, previous: Sample | None) -> dict[str, Any]:
    """One object of the stream."""
    running = bool(sample.time)
    result: dict[str, Any] = {
        "read": format_time(sample.time),
        "preread": format_time(previous.time) if previous else ZERO,
        "id": container.id,
        "name": f"/{container.name}",
        "num_procs": 0,
        "storage_stats": {},
        "pids_stats": _pids(sample) if running else {},
        "blkio_stats": _block_io(sample),
        "cpu_stats": _cpu(sample),
        "precpu_stats": _cpu(previous) if previous else _no_cpu(),
        "memory_stats": _memory(sample) if running else {},
    }
    if running and sample.networks:
        result["networks"] = {name: dict(counters) for name, counters in sample.networks.items()}
    return result


def _pids(sample: Sample) -> dict[str, int]:
    return {"current": sample.pids} | ({"limit": sample.pids_limit} if sample.pids_limit else {})


def _cpu(sample: Sample) -> dict[str, Any]:
    if not sample.time:
        return _no_cpu()
    usage: dict[str, Any] = {
        "total_usage": sample.cpu_total,
        "usage_in_kernelmode": sample.cpu_kernel,
        "usage_in_usermode": sample.cpu_user,
    }
    if sample.cpu_per_cpu:
        usage["percpu_usage"] = list(sample.cpu_per_cpu)
    return {
        "cpu_usage": usage,
        "system_cpu_usage": sample.system_cpu,
        "online_cpus": sample.online_cpus,
        "throttling_data": {
            "periods": sample.periods,
            "throttled_periods": sample.throttled_periods,
            "throttled_time": sample.throttled_time,
        },
    }


def _no_cpu() -> dict[str, Any]:
    return {
        "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }


def _memory(sample: Sample) -> dict[str, Any]:
    result: dict[str, Any] = {
        "usage": sample.memory_usage,
        "stats": dict(sample.memory_stats),
        "limit": sample.memory_limit,
    }
    return result | ({"max_usage": sample.memory_max} if sample.memory_max else {})


def _block_io(sample: Sample) -> dict[str, Any]:
    """`block_io` has (major, minor, operation, bytes). Empty lists are null with version 2 of the control groups, which
    does not count by processor either.
    """
    nothing: list[Any] | None = [] if sample.cpu_per_cpu else None
    entries = [
        {"major": major, "minor": minor, "op": operation, "value": value}
        for major, minor, operation, value in sample.block_io
    ]
    empty = (
        "io_serviced_recursive", "io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive",
        "io_merged_recursive", "io_time_recursive", "sectors_recursive",
    )  # fmt: skip
    return {"io_service_bytes_recursive": entries or nothing} | dict.fromkeys(empty, nothing)
