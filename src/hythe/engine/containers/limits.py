"""Limits as dockerd checks them: what is refused, and what is dropped with a warning.

A value that makes no sense is refused, in dockerd's words, for people look these up. What this machine's control
groups cannot do is dropped from the request, with dockerd's warning, because images and Compose files are
written for other machines too. The runtime below drops nothing: what it is told to set, it sets or refuses.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hythe.engine.model import HostOptions
from hythe.errors import Conflict, InvalidArgument
from hythe.kernel.cgroups import Support

MINIMUM_MEMORY: Final = 6 * 1024 * 1024
_LARGEST_CPU_SET: Final = 1 << 13
_UNMOUNTED: Final = "Your kernel does not support {} or the cgroup is not mounted. {}"


def checked(host: HostOptions, support: Support, *, update: bool = False) -> tuple[HostOptions, list[str]]:
    """`host` without what the machine lacks, and the warnings for that. Raises InvalidArgument."""
    left, warnings = _supported(host, support)
    _memory(left, update=update)
    _cpus(left)
    _block_io(left)
    if left.oom_kill_disable and not left.memory:
        warnings.append(
            "OOM killer is disabled for the container, but no memory limit is set, this can result in the "
            "system running out of resources."
        )
    return left, warnings


def merged(host: HostOptions, changes: Mapping[str, object]) -> HostOptions:
    """`host` with `changes` by the names of its fields. Raises Conflict where old and new exclude each other."""
    new = msgspec.structs.replace(host, **dict(changes))
    for name, word in (("cpu_period", "CPU Period"), ("cpu_quota", "CPU Quota")):
        if changes.get("nano_cpus") and getattr(host, name):
            raise Conflict(f"Conflicting options: Nano CPUs cannot be updated as {word} has already been set")
        if changes.get(name) and host.nano_cpus:
            raise Conflict(f"Conflicting options: {word} cannot be updated as NanoCPUs has already been set")
    swap = host.memory_swap or 2 * host.memory
    if changes.get("memory") and not changes.get("memory_swap") and 0 < swap < new.memory:
        raise Conflict(
            "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same "
            "time",
            hint="give --memory-swap too",
        )
    if changes.get("memory") and host.memory and not host.memory_swap:
        new.memory_swap = changes.get("memory_swap") or swap  # type: ignore[assignment]
    return new


def _supported(host: HostOptions, support: Support) -> tuple[HostOptions, list[str]]:
    """In dockerd's order; fields of the returned copy are as if they had not been asked for."""
    lost: dict[str, Any] = {}
    warnings: list[str] = []

    def drop(what: str, then: str, *fields: str) -> None:
        asked = [name for name in fields if getattr(host, name) != getattr(_NOTHING, name)]
        if asked:
            lost.update({name: getattr(_NOTHING, name) for name in asked})
            warnings.append(_UNMOUNTED.format(what, then))

    if not support.memory:
        drop("memory limit capabilities", "Limitation discarded.", "memory")
        drop("memory soft limit capabilities", "Limitation discarded.", "memory_reservation")
        lost["memory_swap"] = 0
    elif not support.swap and host.memory > 0 and host.memory_swap != -1:
        warnings.append(_UNMOUNTED.format("swap limit capabilities", "Memory limited without swap."))
        lost["memory_swap"] = -1
    if not support.swappiness:
        drop("memory swappiness capabilities", "Memory swappiness discarded.", "memory_swappiness")
    if not support.oom_kill_disable and host.oom_kill_disable:
        lost["oom_kill_disable"] = False
        warnings.append("Your kernel does not support OomKillDisable. OomKillDisable discarded.")
    if not support.pids and host.pids_limit > 0:
        drop("PIDs limit capabilities", "PIDs limit discarded.", "pids_limit")
    if host.nano_cpus and not support.cpu_quota:
        raise InvalidArgument(
            "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not "
            "mounted"
        )
    if (host.cpu_realtime_period or host.cpu_realtime_runtime) and not support.cpu_realtime:
        raise InvalidArgument("Your kernel does not support CPU real-time scheduler")
    if not support.cpu_shares:
        drop("CPU shares", "Shares discarded.", "cpu_shares")
    if not support.cpu_quota and (host.cpu_period or host.cpu_quota):
        lost.update(cpu_period=0, cpu_quota=0)
        warnings.append("Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.")
    if not support.cpuset:
        drop("cpuset", "Cpuset discarded.", "cpuset_cpus", "cpuset_mems")
    if not support.io_weight:
        drop("Block I/O weight", "Weight discarded.", "blkio_weight")
        drop("Block I/O weight_device", "Weight-device discarded.", "blkio_weight_device")
    if not support.io_throttle:
        for unit in ("bps", "iops"):
            for way in ("read", "write"):
                drop(
                    f"{unit.upper()} Block I/O {way} limit",
                    f"Block I/O {unit.upper()} {way} limit discarded.",
                    f"blkio_device_{way}_{unit}",
                )
    return msgspec.structs.replace(host, **lost), warnings


_NOTHING: Final = HostOptions()


def _memory(host: HostOptions, *, update: bool) -> None:
    if host.memory and host.memory < MINIMUM_MEMORY:
        raise InvalidArgument("Minimum memory limit allowed is 6MB", hint="raise --memory")
    if 0 < host.memory_swap < host.memory:
        raise InvalidArgument(
            "Minimum memoryswap limit should be larger than memory limit, see usage",
            hint="--memory-swap is memory and swap together",
        )
    if not host.memory and host.memory_swap > 0 and not update:
        raise InvalidArgument(
            "You should always set the Memory limit when using Memoryswap limit, see usage",
            hint="add --memory",
        )
    if not -1 <= host.memory_swappiness <= 100:
        raise InvalidArgument(
            f"Invalid value: {host.memory_swappiness}, valid memory swappiness range is 0-100"
        )
    if host.memory_reservation and host.memory_reservation < MINIMUM_MEMORY:
        raise InvalidArgument("Minimum memory reservation allowed is 6MB", hint="raise --memory-reservation")
    if 0 < host.memory < host.memory_reservation:
        raise InvalidArgument("Minimum memory limit can not be less than memory reservation limit, see usage")


def _cpus(host: HostOptions) -> None:
    count = os.cpu_count() or 1
    for name, word in (("cpu_period", "CPU Period"), ("cpu_quota", "CPU Quota")):
        if host.nano_cpus and getattr(host, name):
            raise InvalidArgument(f"Conflicting options: Nano CPUs and {word} cannot both be set.")
    if host.nano_cpus and not 10_000_000 <= host.nano_cpus <= count * 10**9:
        raise InvalidArgument(
            f"Range of CPUs is from 0.01 to {count}.00, as there are only {count} CPUs available"
        )
    if host.cpu_period and not 1000 <= host.cpu_period <= 1_000_000:
        raise InvalidArgument(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
        )
    if 0 < host.cpu_quota < 1000:
        raise InvalidArgument("CPU cfs quota can not be less than 1ms (i.e. 1000)")
    if host.cpu_shares and not 2 <= host.cpu_shares <= 262144:
        bound, number = ("minimum", 2) if host.cpu_shares < 2 else ("maximum", 262144)
        raise InvalidArgument(f"the {bound} allowed cpu-shares is {number}")
    if 0 < host.cpu_realtime_period < host.cpu_realtime_runtime:
        raise InvalidArgument("cpu real-time runtime cannot be higher than cpu real-time period")
    _set(host.cpuset_cpus, "CPUs", "cpus", "/sys/devices/system/cpu/online")
    _set(host.cpuset_mems, "memory nodes", "mems", "/sys/devices/system/node/online")


def _set(text: str, what: str, word: str, online: str) -> None:
    """Refuse a list like "0-2,5" with one that the machine has not."""
    if not text:
        return
    try:
        asked = _numbers(text)
    except ValueError as error:
        raise InvalidArgument(
            f"Invalid value {text} for cpuset {word}", hint="write such as 0-2,5"
        ) from error
    try:
        with open(online, encoding="ascii") as file:
            available = file.read().strip()
    except FileNotFoundError:
        available = "0"  # a kernel without NUMA has one node and no list of them
    if not asked <= _numbers(available):
        raise InvalidArgument(
            f"Requested {what} are not available - requested {text}, available: {available}"
        )


def _numbers(text: str) -> set[int]:
    """The set behind "0-2,5" (cpuset(7), list format). Raises ValueError."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if int(first) < 0 or int(last or first) > _LARGEST_CPU_SET:
            raise ValueError(text)
        found.update(range(int(first), int(last or first) + 1))
    return found


def _block_io(host: HostOptions) -> None:
    if host.blkio_weight and not 10 <= host.blkio_weight <= 1000:
        raise InvalidArgument("Range of blkio weight is from 10 to 1000")
    for one in host.blkio_weight_device:
        if not 10 <= one.weight <= 1000:
            raise InvalidArgument(f"invalid weight for device: {one.path}:{one.weight}")
