"""What each running container uses, under the names that cAdvisor made common (container_*).

The labels id, name and image tell containers apart; dashboards made for cAdvisor or a kubelet find what they look for.
Containers are read a few at a time, in threads; one that ends meanwhile is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

from hythe.api.metrics.exposition import Family, Labels, Sample
from hythe.engine.containers.service import Containers
from hythe.engine.containers.usage import Sample as Usage
from hythe.engine.model import Container
from hythe.errors import HytheError

AT_ONCE: Final = 8
_SECOND: Final = 1e9


class _Metric(NamedTuple):
    name: str
    kind: Literal["counter", "gauge"]
    help: str
    read: Callable[[Container, Usage], float]


def _memory(*names: str) -> Callable[[Container, Usage], float]:
    """The first of these fields of memory.stat that there is: version 1 and 2 of control groups differ."""
    return lambda _, usage: next(
        (usage.memory_stats[name] for name in names if name in usage.memory_stats), 0
    )


def _working_set(_: Container, usage: Usage) -> float:
    """Without the page cache that the kernel can take back at once."""
    return max(usage.memory_usage - _memory("total_inactive_file", "inactive_file")(_, usage), 0)


METRICS: Final = (
    _Metric("container_start_time_seconds", "gauge", "When it was started.", lambda c, _: c.state.started_at / _SECOND),
    _Metric("container_last_seen", "gauge", "When this was read.", lambda _, u: u.time / _SECOND),
    _Metric("container_cpu_usage_seconds_total", "counter", "Processor time.", lambda _, u: u.cpu_total / _SECOND),
    _Metric("container_cpu_user_seconds_total", "counter", "Its own part of that.", lambda _, u: u.cpu_user / _SECOND),
    _Metric("container_cpu_system_seconds_total", "counter", "The kernel's.", lambda _, u: u.cpu_kernel / _SECOND),
    _Metric("container_cpu_cfs_periods_total", "counter", "Periods of its quota.", lambda _, u: u.periods),
    _Metric(
        "container_cpu_cfs_throttled_periods_total", "counter", "Periods in which it had to wait.",
        lambda _, u: u.throttled_periods,
    ),
    _Metric(
        "container_cpu_cfs_throttled_seconds_total", "counter", "How long it had to.",
        lambda _, u: u.throttled_time / _SECOND,
    ),
    _Metric("container_memory_usage_bytes", "gauge", "Memory, page cache included.", lambda _, u: u.memory_usage),
    _Metric("container_memory_max_usage_bytes", "gauge", "The most that was.", lambda _, u: u.memory_max),
    _Metric("container_memory_working_set_bytes", "gauge", "Memory without idle page cache.", _working_set),
    _Metric("container_memory_rss", "gauge", "Memory that no file is behind.", _memory("total_rss", "rss", "anon")),
    _Metric("container_memory_cache", "gauge", "Page cache.", _memory("total_cache", "cache", "file")),
    _Metric("container_spec_memory_limit_bytes", "gauge", "What it may use.", lambda _, u: u.memory_limit),
    _Metric("container_processes", "gauge", "Processes and threads.", lambda _, u: u.pids),
    _Metric("container_restart_count", "gauge", "Restarts by its policy.", lambda c, _: c.state.restart_count),
)  # fmt: skip

NETWORK: Final = (
    ("container_network_receive_bytes_total", "rx_bytes"),
    ("container_network_receive_packets_total", "rx_packets"),
    ("container_network_receive_errors_total", "rx_errors"),
    ("container_network_receive_packets_dropped_total", "rx_dropped"),
    ("container_network_transmit_bytes_total", "tx_bytes"),
    ("container_network_transmit_packets_total", "tx_packets"),
    ("container_network_transmit_errors_total", "tx_errors"),
    ("container_network_transmit_packets_dropped_total", "tx_dropped"),
)
DISKS: Final = (("container_fs_reads_bytes_total", "read"), ("container_fs_writes_bytes_total", "write"))


async def families(containers: Containers) -> list[Family]:
    """Of all that run."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def read(container: Container) -> tuple[Container, Usage] | None:
        async with gate:
            try:
                return container, await containers.stats(container.id)
            except (HytheError, OSError):
                return None  # it has just ended

    running = [each for each in containers.list() if each.state.status in ("running", "paused")]
    found = await asyncio.gather(*map(read, running))
    return list(_families([each for each in found if each is not None and each[1].time]))


def _families(read: list[tuple[Container, Usage]]) -> Iterator[Family]:
    for metric in METRICS:
        samples = [Sample(metric.read(each, usage), _labels(each)) for each, usage in read]
        yield Family(metric.name, metric.kind, metric.help, samples)
    for name, key in NETWORK:
        yield Family(name, "counter", f"{key} of its interfaces.", [
            Sample(counters[key], {**_labels(each), "interface": interface})
            for each, usage in read for interface, counters in usage.networks.items()
        ])  # fmt: skip
    for name, word in DISKS:
        yield Family(name, "counter", f"Bytes that it has {word} on a disk.", [
            Sample(value, {**_labels(each), "device": _device(major, minor)})
            for each, usage in read for major, minor, kind, value in usage.block_io if kind == word
        ])  # fmt: skip


def _labels(container: Container) -> Labels:
    return {"id": container.id, "name": container.name, "image": container.spec.image}


@cache
def _device(major: int, minor: int) -> str:
    """ "/dev/sda" (Documentation/ABI, sysfs-dev)."""
    try:
        facts = Path(f"/sys/dev/block/{major}:{minor}/uevent").read_text().splitlines()
    except OSError:
        return f"{major}:{minor}"
    found: Mapping[str, str] = dict(line.partition("=")[::2] for line in facts)
    return f"/dev/{found['DEVNAME']}" if "DEVNAME" in found else f"{major}:{minor}"
