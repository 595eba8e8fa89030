"""Limits between the Docker API and the engine, in both directions.

In the API, 0 and absent fields are limits that were not asked for, -1 lifts one, and device rules are texts.
"""

from __future__ import annotations

import re
from typing import Any, Final

from hythe.api.docker.types.host import Resources, ThrottleDevice
from hythe.engine.model import DeviceAccess, DeviceRate, DeviceWeight, HostOptions
from hythe.errors import InvalidArgument

_RULE: Final = re.compile(r"([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})")
_PLAIN: Final = (
    "memory", "memory_swap", "memory_reservation", "cpu_shares", "cpu_quota", "cpu_period", "nano_cpus",
    "cpu_realtime_period", "cpu_realtime_runtime", "cpuset_cpus", "cpuset_mems", "blkio_weight",
)  # fmt: skip
_RATES: Final = (
    ("blkio_device_read_bps", "BlkioDeviceReadBps"),
    ("blkio_device_write_bps", "BlkioDeviceWriteBps"),
    ("blkio_device_read_iops", "BlkioDeviceReadIOps"),
    ("blkio_device_write_iops", "BlkioDeviceWriteIOps"),
)
_CHANGEABLE: Final = frozenset((*_PLAIN, "pids_limit"))


def limits(body: Resources) -> dict[str, Any]:
    """Those asked for, by the names of `HostOptions`. Raises InvalidArgument."""
    if body.nano_cpus < 0:
        raise InvalidArgument("NanoCPUs cannot be negative")
    found: dict[str, Any] = {name: getattr(body, name) for name in _PLAIN}
    found["oom_kill_disable"] = body.oom_kill_disable
    found["pids_limit"] = max(body.pids_limit or 0, -1)
    if body.memory_swappiness is not None:
        found["memory_swappiness"] = body.memory_swappiness
    found["blkio_weight_device"] = [DeviceWeight(one.path, one.weight) for one in body.blkio_weight_device]
    found |= {name: _rates(getattr(body, name)) for name, _ in _RATES}
    found["device_cgroup_rules"] = [_rule(text) for text in body.device_cgroup_rules]
    unset = HostOptions()
    return {name: value for name, value in found.items() if value != getattr(unset, name)}


def limits_json(host: HostOptions) -> dict[str, Any]:
    """The fields of HostConfig that `inspect` shows."""
    shown: dict[str, Any] = {
        "OomKillDisable": host.oom_kill_disable,
        "CpuShares": host.cpu_shares,
        "NanoCpus": host.nano_cpus,
        "CpuPeriod": host.cpu_period,
        "CpuQuota": host.cpu_quota,
        "CpuRealtimePeriod": host.cpu_realtime_period,
        "CpuRealtimeRuntime": host.cpu_realtime_runtime,
        "CpusetCpus": host.cpuset_cpus,
        "CpusetMems": host.cpuset_mems,
        "Memory": host.memory,
        "MemoryReservation": host.memory_reservation,
        "MemorySwap": host.memory_swap or 2 * host.memory,
        "MemorySwappiness": None if host.memory_swappiness < 0 else host.memory_swappiness,
        "PidsLimit": host.pids_limit if host.pids_limit > 0 else None,
        "BlkioWeight": host.blkio_weight,
        "BlkioWeightDevice": [{"Path": one.path, "Weight": one.weight} for one in host.blkio_weight_device],
        "DeviceCgroupRules": [_text(rule) for rule in host.device_cgroup_rules] or None,
    }
    for name, word in _RATES:
        shown[word] = [{"Path": one.path, "Rate": one.rate} for one in getattr(host, name)]
    return shown


def unchangeable(found: dict[str, Any]) -> list[str]:
    """Names of limits that only a new container can get, as dockerd has it."""
    return sorted(found.keys() - _CHANGEABLE)


def _rates(devices: list[ThrottleDevice]) -> list[DeviceRate]:
    for one in devices:
        if one.rate < 0:
            raise InvalidArgument(f"invalid rate for device: {one.path}:{one.rate}")
    return [DeviceRate(one.path, one.rate) for one in devices]


def _rule(text: str) -> DeviceAccess:
    match = _RULE.fullmatch(text)
    if match is None:
        raise InvalidArgument(
            f"invalid device cgroup rule format: '{text}'", hint='write it like "c 13:* rwm"'
        )
    kind, major, minor, access = match.groups()
    return DeviceAccess(kind, _number(major), _number(minor), access)


def _number(digits: str) -> int:
    return -1 if digits == "*" else int(digits)


def _text(rule: DeviceAccess) -> str:
    major, minor = ("*" if number < 0 else str(number) for number in (rule.major, rule.minor))
    return f"{rule.kind} {major}:{minor} {rule.access}"
