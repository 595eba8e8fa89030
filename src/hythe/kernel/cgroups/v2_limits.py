"""`linux.resources` as files of control groups version 2. Pure: what to write, not the writing.

config.json speaks version 1, so most is converted (`conversion`); `unified` is written as it stands, last, and
so wins. Real-time scheduling, leaf weights and network classes have no counterpart and are refused by name;
swappiness and the switch for the OOM killer have none either, and are left out with a warning, as docker does.
Sources: config-linux.md; Documentation/admin-guide/cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from hythe.errors import Unsupported
from hythe.kernel.cgroups.conversion import UNLIMITED, cpu_weight, io_weight, maximum, swap_alone
from hythe.kernel.cgroups.settings import Setting, setting
from hythe.kernel.cgroups.v1_limits import rdma_line

if TYPE_CHECKING:
    from hythe.kernel.cgroups.interface import Resources

CPU_MAX: Final = "cpu.max"
UNCHANGED: Final = "-"
"""In a value for cpu.max: the quota or the period that is there."""
_THROTTLES: Final = (
    ("throttleReadBpsDevice", "rbps"),
    ("throttleWriteBpsDevice", "wbps"),
    ("throttleReadIOPSDevice", "riops"),
    ("throttleWriteIOPSDevice", "wiops"),
)
_CORE: Final = "cgroup"


def settings(resources: Resources) -> list[Setting]:
    """All but the devices. Raises Unsupported for what is version 1's, InvalidArgument."""
    _refuse(resources)
    pids = (resources.get("pids") or {}).get("limit")
    result = [*_memory(resources.get("memory") or {}), *_cpu(resources.get("cpu") or {})]
    if pids is not None:
        result.append(setting("pids", "pids.limit", "pids.max", pids if pids > 0 else UNLIMITED))
    result += _block_io(resources.get("blockIO") or {})
    for entry in resources.get("hugepageLimits") or ():
        size, limit = entry["pageSize"], entry["limit"]
        field = f"hugepageLimits.{size}"
        result.append(setting("hugetlb", field, f"hugetlb.{size}.max", limit))
        result.append(setting("hugetlb", field, f"hugetlb.{size}.rsvd.max", limit, optional=True))
    for device, entry in (resources.get("rdma") or {}).items():
        result.append(setting("rdma", f"rdma.{device}", "rdma.max", rdma_line(device, entry)))
    for name, value in (resources.get("unified") or {}).items():
        # Some files take one line at a write.
        for line in str(value).split("\n"):
            result.append(setting(name.partition(".")[0], f"unified.{name}", name, line))
    return result


def controllers(resources: Resources) -> list[str]:
    """Those that the limits need."""
    return list(dict.fromkeys(one.controller for one in settings(resources) if one.controller != _CORE))


def warnings(resources: Resources) -> list[str]:
    """What is taken and has no effect here."""
    memory = resources.get("memory") or {}
    return [
        f"linux.resources.memory.{name} was left out: control groups version 2 have no such limit"
        for name in ("swappiness", "disableOOMKiller", "kernel", "kernelTCP")
        if memory.get(name) is not None and (memory[name] or name == "swappiness")
    ]


def _refuse(resources: Resources) -> None:
    cpu, block = resources.get("cpu") or {}, resources.get("blockIO") or {}
    network = resources.get("network") or {}
    found = [f"cpu.{name}" for name in ("realtimeRuntime", "realtimePeriod") if cpu.get(name)]
    found += ["blockIO.leafWeight"] if block.get("leafWeight") else []
    found += [
        "blockIO.weightDevice.leafWeight"
        for entry in block.get("weightDevice") or ()
        if entry.get("leafWeight")
    ]
    found += [f"network.{name}" for name in ("classID", "priorities") if network.get(name)]
    for name in found:
        raise Unsupported(f"linux.resources.{name} needs control groups version 1; this is version 2")


def _memory(memory: dict[str, Any]) -> Iterator[Setting]:
    swap = swap_alone(memory)
    if swap is not None:
        forced = memory.get("swap") in (None, 0, -1)  # no limit is what a kernel without the file has
        yield setting("memory", "memory.swap", "memory.swap.max", swap, optional=forced)
    for key, name in (("limit", "memory.max"), ("reservation", "memory.low")):
        if memory.get(key):
            yield setting("memory", f"memory.{key}", name, maximum(memory[key]))


def _cpu(cpu: dict[str, Any]) -> Iterator[Setting]:
    if cpu.get("idle") is not None:
        yield setting("cpu", "cpu.idle", "cpu.idle", cpu["idle"], optional=not cpu["idle"])
    if cpu.get("shares") and not cpu.get("idle"):  # an idle group has no weight
        yield setting("cpu", "cpu.shares", "cpu.weight", cpu_weight(cpu["shares"]))
    quota, period = cpu.get("quota"), cpu.get("period")
    if quota or period:
        value = f"{maximum(quota) if quota else UNCHANGED} {period or UNCHANGED}"
        yield setting("cpu", "cpu.quota" if quota else "cpu.period", CPU_MAX, value)
    if cpu.get("burst") is not None:
        yield setting("cpu", "cpu.burst", "cpu.max.burst", cpu["burst"])
    for key in ("cpus", "mems"):
        if cpu.get(key):
            yield setting("cpuset", f"cpu.{key}", f"cpuset.{key}", cpu[key])


def _block_io(block: dict[str, Any]) -> Iterator[Setting]:
    """BFQ has version 1's scale and a file of its own, which is there while a device uses it."""
    if block.get("weight"):
        yield _weight("blockIO.weight", "", block["weight"])
    for entry in block.get("weightDevice") or ():
        if entry.get("weight"):
            where = f"{entry['major']}:{entry['minor']} "
            yield _weight("blockIO.weightDevice", where, entry["weight"])
    for key, word in _THROTTLES:
        for entry in block.get(key) or ():
            rate = entry["rate"] or "max"
            line = f"{entry['major']}:{entry['minor']} {word}={rate}"
            yield setting("io", f"blockIO.{key}", "io.max", line)


def _weight(field: str, device: str, weight: int) -> Setting:
    """`device` is "" or "8:0 "."""
    choices = (("io.bfq.weight", f"{device}{weight}"), ("io.weight", f"{device}{io_weight(weight)}"))
    return Setting("io", field, choices)
