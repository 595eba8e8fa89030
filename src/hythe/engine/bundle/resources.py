"""The `linux.resources` object of config.json: what a container may use at most, in the specification's units.

What was not asked for is left out, so that an update leaves it alone. Block devices are named by path in a
request and by number here, so their paths are looked up.
"""

from __future__ import annotations

import os
import stat

from hythe.engine.model import DeviceRate, HostOptions
from hythe.errors import InvalidArgument
from hythe.oci.spec import BlockIO, CpuLimit, MemoryLimit, Resources, Throttle

PERIOD = 100_000
"""Microseconds: the kernel's default, and what --cpus is counted by."""


def resources(host: HostOptions) -> Resources:
    """All limits but the devices. Raises InvalidArgument for a path that is no block device."""
    result: Resources = {}
    if memory := _memory(host):
        result["memory"] = memory
    if cpu := _cpu(host):
        result["cpu"] = cpu
    if host.pids_limit:
        result["pids"] = {"limit": host.pids_limit}
    if block := _block_io(host):
        result["blockIO"] = block
    if host.hugepage_limits:
        result["hugepageLimits"] = [
            {"pageSize": size, "limit": limit} for size, limit in host.hugepage_limits.items()
        ]
    if host.unified:
        result["unified"] = dict(host.unified)
    return result


def _memory(host: HostOptions) -> MemoryLimit:
    result: MemoryLimit = {}
    if host.memory:
        result["limit"] = host.memory
        result["swap"] = host.memory_swap or 2 * host.memory
    elif host.memory_swap == -1:
        result["swap"] = -1
    if host.memory_reservation:
        result["reservation"] = host.memory_reservation
    if host.memory_swappiness >= 0:
        result["swappiness"] = host.memory_swappiness
    if host.oom_kill_disable:
        result["disableOOMKiller"] = True
    return result


def _cpu(host: HostOptions) -> CpuLimit:
    result: CpuLimit = {}
    if host.nano_cpus:
        result["period"], result["quota"] = PERIOD, host.nano_cpus * PERIOD // 10**9
    if host.cpu_quota:
        result["quota"] = host.cpu_quota
    if host.cpu_period:
        result["period"] = host.cpu_period
    if host.cpu_shares:
        result["shares"] = host.cpu_shares
    if host.cpu_realtime_period:
        result["realtimePeriod"] = host.cpu_realtime_period
    if host.cpu_realtime_runtime:
        result["realtimeRuntime"] = host.cpu_realtime_runtime
    if host.cpuset_cpus:
        result["cpus"] = host.cpuset_cpus
    if host.cpuset_mems:
        result["mems"] = host.cpuset_mems
    return result


def _block_io(host: HostOptions) -> BlockIO:
    result: BlockIO = {}
    if host.blkio_weight:
        result["weight"] = host.blkio_weight
    if host.blkio_weight_device:
        result["weightDevice"] = []
        for one in host.blkio_weight_device:
            major, minor = _number(one.path)
            result["weightDevice"].append({"major": major, "minor": minor, "weight": one.weight})
    if host.blkio_device_read_bps:
        result["throttleReadBpsDevice"] = _throttles(host.blkio_device_read_bps)
    if host.blkio_device_write_bps:
        result["throttleWriteBpsDevice"] = _throttles(host.blkio_device_write_bps)
    if host.blkio_device_read_iops:
        result["throttleReadIOPSDevice"] = _throttles(host.blkio_device_read_iops)
    if host.blkio_device_write_iops:
        result["throttleWriteIOPSDevice"] = _throttles(host.blkio_device_write_iops)
    return result


def _throttles(rates: list[DeviceRate]) -> list[Throttle]:
    return [
        {"major": major, "minor": minor, "rate": one.rate}
        for one in rates
        for major, minor in (_number(one.path),)
    ]


def _number(path: str) -> tuple[int, int]:
    """(major, minor) of the block device at `path` on the host."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise InvalidArgument(f"limit of block I/O: {path}: no such device ({error.strerror})") from error
    if not stat.S_ISBLK(status.st_mode):
        raise InvalidArgument(f"limit of block I/O: {path} is not a block device", hint="lsblk -p lists them")
    return os.major(status.st_rdev), os.minor(status.st_rdev)
