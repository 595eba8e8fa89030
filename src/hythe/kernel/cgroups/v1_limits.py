"""`linux.resources` as files of control groups version 1. Pure: what to write, not the writing.

The specification was written for version 1, so most is a name for a name. Device rules are apart (`v1`). A
weight of block I/O has one of two files: the one of all schedulers up to Linux 5.0, or that of BFQ.
Sources: config-linux.md; Documentation/admin-guide/cgroup-v1/ of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from hythe.errors import Unsupported
from hythe.kernel.cgroups.settings import Setting, setting

if TYPE_CHECKING:
    from hythe.kernel.cgroups.interface import Resources

_MEMORY: Final = (
    ("limit", "memory.limit_in_bytes"),
    ("swap", "memory.memsw.limit_in_bytes"),
    ("reservation", "memory.soft_limit_in_bytes"),
)
_CPU: Final = (
    ("period", "cpu.cfs_period_us"),
    ("quota", "cpu.cfs_quota_us"),
    ("shares", "cpu.shares"),
    ("realtimePeriod", "cpu.rt_period_us"),
    ("realtimeRuntime", "cpu.rt_runtime_us"),
)
_THROTTLES: Final = (
    ("throttleReadBpsDevice", "blkio.throttle.read_bps_device"),
    ("throttleWriteBpsDevice", "blkio.throttle.write_bps_device"),
    ("throttleReadIOPSDevice", "blkio.throttle.read_iops_device"),
    ("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device"),
)


def settings(resources: Resources) -> list[Setting]:
    """All but the devices. Raises Unsupported for what is version 2's."""
    for name in resources.get("unified") or {}:
        raise Unsupported(
            f"invalid configuration: linux.resources.unified.{name} needs control groups version 2; this is version 1"
        )
    pids = (resources.get("pids") or {}).get("limit")
    result = [*_memory(resources.get("memory") or {}), *_cpu(resources.get("cpu") or {})]
    if pids is not None:
        result.append(setting("pids", "pids.limit", "pids.max", pids if pids > 0 else "max"))
    result += _block_io(resources.get("blockIO") or {})
    for entry in resources.get("hugepageLimits") or ():
        size, limit = entry["pageSize"], entry["limit"]
        yes, maybe = f"hugetlb.{size}.limit_in_bytes", f"hugetlb.{size}.rsvd.limit_in_bytes"
        result.append(setting("hugetlb", f"hugepageLimits.{size}", yes, limit))
        result.append(setting("hugetlb", f"hugepageLimits.{size}", maybe, limit, optional=True))
    result += _network(resources.get("network") or {})
    for device, entry in (resources.get("rdma") or {}).items():
        result.append(setting("rdma", f"rdma.{device}", "rdma.max", rdma_line(device, entry)))
    return result


def warnings(resources: Resources) -> list[str]:
    """What is taken and has no effect any more."""
    memory = resources.get("memory") or {}
    return [
        f"linux.resources.memory.{name} is ignored: kernels from 5.4 on count that with the other memory"
        for name in ("kernel", "kernelTCP")
        if memory.get(name)
    ]


def _memory(memory: dict[str, Any]) -> Iterator[Setting]:
    for key, name in _MEMORY:
        if memory.get(key):
            none = key == "swap" and memory[key] == -1  # which a kernel without the file has anyway
            yield setting("memory", f"memory.{key}", name, memory[key], optional=none)
    if memory.get("limit") == -1 and not memory.get("swap"):
        # No limit for memory means none for both together, which would hold otherwise.
        yield setting("memory", "memory.swap", "memory.memsw.limit_in_bytes", -1, optional=True)
    if memory.get("swappiness") is not None:
        yield setting("memory", "memory.swappiness", "memory.swappiness", memory["swappiness"])
    if memory.get("disableOOMKiller"):
        yield setting("memory", "memory.disableOOMKiller", "memory.oom_control", 1)


def _cpu(cpu: dict[str, Any]) -> Iterator[Setting]:
    if cpu.get("idle") is not None:
        yield setting("cpu", "cpu.idle", "cpu.idle", cpu["idle"], optional=not cpu["idle"])
    for key, name in _CPU:
        if cpu.get(key) and not (key == "shares" and cpu.get("idle")):  # an idle group has no share
            yield setting("cpu", f"cpu.{key}", name, cpu[key])
    if cpu.get("burst") is not None:
        yield setting("cpu", "cpu.burst", "cpu.cfs_burst_us", cpu["burst"])
    for key in ("cpus", "mems"):
        if cpu.get(key):
            yield setting("cpuset", f"cpu.{key}", f"cpuset.{key}", cpu[key])


def _block_io(block: dict[str, Any]) -> Iterator[Setting]:
    if block.get("weight"):
        yield _weight("blockIO.weight", "weight", str(block["weight"]))
    if block.get("leafWeight"):
        yield setting("blkio", "blockIO.leafWeight", "blkio.leaf_weight", block["leafWeight"])
    for entry in block.get("weightDevice") or ():
        where = f"{entry['major']}:{entry['minor']}"
        if entry.get("weight"):
            yield _weight("blockIO.weightDevice.weight", "weight_device", f"{where} {entry['weight']}")
        if entry.get("leafWeight"):
            field, line = "blockIO.weightDevice.leafWeight", f"{where} {entry['leafWeight']}"
            yield setting("blkio", field, "blkio.leaf_weight_device", line)
    for key, name in _THROTTLES:
        for entry in block.get(key) or ():
            line = f"{entry['major']}:{entry['minor']} {entry['rate']}"
            yield setting("blkio", f"blockIO.{key}", name, line)


def _weight(field: str, name: str, value: str) -> Setting:
    return Setting("blkio", field, ((f"blkio.{name}", value), (f"blkio.bfq.{name}", value)))


def _network(network: dict[str, Any]) -> Iterator[Setting]:
    if network.get("classID"):
        yield setting("net_cls", "network.classID", "net_cls.classid", network["classID"])
    for entry in network.get("priorities") or ():
        line = f"{entry['name']} {entry['priority']}"
        yield setting("net_prio", "network.priorities", "net_prio.ifpriomap", line)


def rdma_line(device: str, entry: dict[str, Any]) -> str:
    """ "mlx4_0 hca_handle=2 hca_object=2000": the same in both versions."""
    words = [
        f"{name}={entry[key]}"
        for key, name in (("hcaHandles", "hca_handle"), ("hcaObjects", "hca_object"))
        if entry.get(key) is not None
    ]
    return " ".join([device, *words])
