"""What a group of version 1 uses, read from the trees that it is in; zeros for the others.

Sources: Documentation/admin-guide/cgroup-v1/ of the kernel.
"""

# ruff: noqa: PTH208
from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from hythe.kernel.cgroups import files
from hythe.kernel.cgroups.interface import (
    CpuStatistics,
    DeviceIo,
    HugePages,
    MemoryCounter,
    MemoryStatistics,
    Rdma,
    Statistics,
)

Place = Callable[[str, str], str]
"""(controller, name of a file) -> its path, of a file that does not exist where the tree is not mounted."""
_NO_LIMIT: Final = 1 << 60
_IO: Final = (
    ("blkio.throttle.io_service_bytes", "read_bytes", "write_bytes"),
    ("blkio.throttle.io_serviced", "reads", "writes"),
)
_CPUSET: Final = """cpus cpu_exclusive mems mem_hardwall mem_exclusive memory_migrate memory_spread_page
memory_spread_slab memory_pressure sched_load_balance sched_relax_domain_level""".split()


def statistics(place: Place) -> Statistics:
    return {
        "memory": _memory(place),
        "cpu": _cpu(place),
        "cpuset": {
            name: text
            for name in _CPUSET
            if (text := files.read(place("cpuset", f"cpuset.{name}")).strip()) not in ("", "0")
        },
        "pids": {
            "current": files.number(place("pids", "pids.current")),
            "limit": files.number(place("pids", "pids.max")),
        },
        "io": _io(place),
        "hugetlb": _hugetlb(os.path.dirname(place("hugetlb", "x"))),
        "rdma": rdma(files.read(place("rdma", "rdma.current")), files.read(place("rdma", "rdma.max"))),
        "oom_kills": oom_kills(place),
    }


def oom_kills(place: Place) -> int:
    return files.table(place("memory", "memory.oom_control")).get("oom_kill", 0)


def _counter(place: Place, part: str) -> MemoryCounter:
    def number(name: str) -> int:
        return files.number(place("memory", f"memory.{part}{name}"))

    limit = number("limit_in_bytes")
    return {
        "usage": number("usage_in_bytes"),
        "max_usage": number("max_usage_in_bytes"),
        "limit": limit if limit < _NO_LIMIT else 0,
        "failures": number("failcnt"),
    }


def _memory(place: Place) -> MemoryStatistics:
    stat = files.table(place("memory", "memory.stat"))
    return {
        **_counter(place, ""),
        "cache": stat.get("cache", 0),
        "with_swap": _counter(place, "memsw."),
        "kernel": _counter(place, "kmem."),
        "kernel_tcp": _counter(place, "kmem.tcp."),
        "stat": stat,
    }


def _cpu(place: Place) -> CpuStatistics:
    stat = files.table(place("cpu", "cpu.stat"))
    rows = [line.split() for line in files.read(place("cpuacct", "cpuacct.usage_all")).splitlines()[1:]]
    return {
        "usage": files.number(place("cpuacct", "cpuacct.usage")),
        "user": files.number(place("cpuacct", "cpuacct.usage_user")),
        "system": files.number(place("cpuacct", "cpuacct.usage_sys")),
        "by_processor": [(int(row[1]), int(row[2])) for row in rows if len(row) == 3],
        "periods": stat.get("nr_periods", 0),
        "throttled_periods": stat.get("nr_throttled", 0),
        "throttled": stat.get("throttled_time", 0),
        "bursts": stat.get("nr_bursts", 0),
        "burst": stat.get("burst_time", 0),
    }


def _io(place: Place) -> list[DeviceIo]:
    """ "8:0 Read 4096" for each device and operation; what groups below did is counted in."""
    devices: dict[str, DeviceIo] = {}
    for name, read_key, write_key in _IO:
        text = files.read(place("blkio", f"{name}_recursive")) or files.read(place("blkio", name))
        for words in map(str.split, text.splitlines()):
            if len(words) != 3:
                continue
            entry = devices.setdefault(words[0], empty_io(words[0]))
            if words[1] == "Read":
                entry[read_key] = int(words[2])  # type: ignore[literal-required]
            elif words[1] == "Write":
                entry[write_key] = int(words[2])  # type: ignore[literal-required]
    return list(devices.values())


def empty_io(device: str) -> DeviceIo:
    """Zeros for "major:minor"."""
    major, _, minor = device.partition(":")
    return {
        "major": int(major),
        "minor": int(minor),
        "read_bytes": 0,
        "write_bytes": 0,
        "reads": 0,
        "writes": 0,
    }


def page_sizes(folder: str, ending: str) -> list[str]:
    """ "2MB" and the like, for which `folder` has a file hugetlb.SIZE.`ending`."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    parts = [name.split(".", 2) for name in names if name.startswith("hugetlb.")]
    return sorted(part[1] for part in parts if part[-1] == ending and len(part) == 3)


def _hugetlb(folder: str) -> dict[str, HugePages]:
    def number(size: str, name: str) -> int:
        return files.number(f"{folder}/hugetlb.{size}.{name}")

    result: dict[str, HugePages] = {}
    for size in page_sizes(folder, "limit_in_bytes"):
        limit = number(size, "limit_in_bytes")
        result[size] = {
            "usage": number(size, "usage_in_bytes"),
            "max_usage": number(size, "max_usage_in_bytes"),
            "limit": limit if limit < _NO_LIMIT else 0,
            "failures": number(size, "failcnt"),
        }
    return result


def rdma(current: str, limits: str) -> dict[str, Rdma]:
    """Lines of "mlx4_0 hca_handle=1 hca_object=20", or "=max"; the same in both versions."""
    used, most = _rdma_table(current), _rdma_table(limits)
    return {
        device: {
            "handles": values.get("hca_handle", 0),
            "handles_limit": most.get(device, {}).get("hca_handle", 0),
            "objects": values.get("hca_object", 0),
            "objects_limit": most.get(device, {}).get("hca_object", 0),
        }
        for device, values in used.items()
    }


def _rdma_table(text: str) -> dict[str, dict[str, int]]:
    result = {}
    for line in text.splitlines():
        device, *pairs = line.split()
        found = (pair.partition("=") for pair in pairs)
        result[device] = {key: int(value) if value.isdigit() else 0 for key, _, value in found}
    return result
