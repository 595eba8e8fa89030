"""What a group of version 2 uses, in the words of `interface.Statistics`.

Where the versions count differently, version 1's way is kept: swap is shown together with memory.
Source: Documentation/admin-guide/cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

from hythe.kernel.cgroups import files
from hythe.kernel.cgroups.interface import (
    CpuStatistics,
    DeviceIo,
    HugePages,
    MemoryCounter,
    MemoryStatistics,
    Statistics,
)
from hythe.kernel.cgroups.v1_statistics import empty_io, page_sizes, rdma


def statistics(folder: str) -> Statistics:
    return {
        "memory": _memory(folder),
        "cpu": _cpu(files.table(f"{folder}/cpu.stat")),
        "cpuset": {
            name: text
            for name in ("cpus", "mems")
            if (text := files.read(f"{folder}/cpuset.{name}.effective").strip())
        },
        "pids": {
            "current": files.number(f"{folder}/pids.current"),
            "limit": files.number(f"{folder}/pids.max"),
        },
        "io": io_statistics(files.read(f"{folder}/io.stat")),
        "hugetlb": {size: _hugetlb(folder, size) for size in page_sizes(folder, "max")},
        "rdma": rdma(files.read(f"{folder}/rdma.current"), files.read(f"{folder}/rdma.max")),
        "oom_kills": oom_kills(folder),
    }


def oom_kills(folder: str) -> int:
    return files.table(f"{folder}/memory.events").get("oom_kill", 0)


def _memory(folder: str) -> MemoryStatistics:
    stat = files.table(f"{folder}/memory.stat")
    own: MemoryCounter = {
        "usage": files.number(f"{folder}/memory.current"),
        "max_usage": files.number(f"{folder}/memory.peak"),
        "limit": files.number(f"{folder}/memory.max"),
        "failures": files.table(f"{folder}/memory.events").get("max", 0),
    }
    swap_limit = files.read(f"{folder}/memory.swap.max").strip()
    both = own["limit"] and swap_limit.isdigit()
    return {
        **own,
        "cache": stat.get("file", 0),
        "with_swap": {
            "usage": own["usage"] + files.number(f"{folder}/memory.swap.current"),
            "max_usage": 0,
            "limit": own["limit"] + int(swap_limit) if both else 0,
            "failures": files.table(f"{folder}/memory.swap.events").get("max", 0),
        },
        "kernel": _part(stat.get("kernel", 0)),
        "kernel_tcp": _part(stat.get("sock", 0)),
        "stat": stat,
    }


def _part(usage: int) -> MemoryCounter:
    return {"usage": usage, "max_usage": 0, "limit": 0, "failures": 0}


def _cpu(stat: dict[str, int]) -> CpuStatistics:
    return {
        "usage": stat.get("usage_usec", 0) * 1000,
        "user": stat.get("user_usec", 0) * 1000,
        "system": stat.get("system_usec", 0) * 1000,
        "by_processor": [],
        "periods": stat.get("nr_periods", 0),
        "throttled_periods": stat.get("nr_throttled", 0),
        "throttled": stat.get("throttled_usec", 0) * 1000,
        "bursts": stat.get("nr_bursts", 0),
        "burst": stat.get("burst_usec", 0) * 1000,
    }


def io_statistics(text: str) -> list[DeviceIo]:
    """io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ..."."""
    result: list[DeviceIo] = []
    for line in text.splitlines():
        device, *pairs = line.split()
        values = {
            key: int(value) for key, _, value in (pair.partition("=") for pair in pairs) if value.isdigit()
        }
        entry = empty_io(device)
        entry["read_bytes"], entry["write_bytes"] = values.get("rbytes", 0), values.get("wbytes", 0)
        entry["reads"], entry["writes"] = values.get("rios", 0), values.get("wios", 0)
        result.append(entry)
    return result


def _hugetlb(folder: str, size: str) -> HugePages:
    return {
        "usage": files.number(f"{folder}/hugetlb.{size}.current"),
        "max_usage": 0,
        "limit": files.number(f"{folder}/hugetlb.{size}.max"),
        "failures": files.table(f"{folder}/hugetlb.{size}.events").get("max", 0),
    }
