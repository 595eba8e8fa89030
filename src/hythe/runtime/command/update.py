"""change the limits of a container"""

from __future__ import annotations

import sys
from typing import Any

from hythe.errors import Conflict, InvalidArgument, Unsupported
from hythe.kernel.cgroups import check
from hythe.runtime.command import groups, jsonfile, report
from hythe.runtime.command.context import Context
from hythe.runtime.command.flags import Flag
from hythe.runtime.command.folder import Folder, status

USAGE = "[command options] <container-id>"
FLAGS: tuple[Flag, ...] = (
    ("resources r", "text", "file with linux.resources as JSON, - for standard input"),
    ("blkio-weight", "number", "weight of block I/O, 10 to 1000"),
    ("cpu-period", "text", "length of a CPU period in microseconds"),
    ("cpu-quota", "text", "microseconds of CPU in a period, -1 for no limit"),
    ("cpu-burst", "text", "microseconds that may be saved up"),
    ("cpu-share", "text", "CPU shares, relative to others"),
    ("cpu-rt-period", "text", "length of a realtime period in microseconds"),
    ("cpu-rt-runtime", "text", "microseconds of realtime in a period"),
    ("cpuset-cpus", "text", "CPUs to use, like 0-3,5"),
    ("cpuset-mems", "text", "memory nodes to use"),
    ("cpu-idle", "text", "1: only what no other wants"),
    ("kernel-memory", "text", "ignored: the kernel has given it up"),
    ("kernel-memory-tcp", "text", "limit of memory for TCP buffers"),
    ("memory", "text", "limit of memory, with k, m or g"),
    ("memory-reservation", "text", "soft limit of memory"),
    ("memory-swap", "text", "limit of memory and swap together, -1 for none"),
    ("pids-limit", "text", "how many processes, -1 for no limit"),
    ("l3-cache-schema", "text", "refused: Intel RDT"),
    ("mem-bw-schema", "text", "refused: Intel RDT"),
)
ARGUMENTS = (1, 1)
_PLACES = {
    "blkio_weight": ("blockIO", "weight"),
    "cpu_period": ("cpu", "period"),
    "cpu_quota": ("cpu", "quota"),
    "cpu_burst": ("cpu", "burst"),
    "cpu_share": ("cpu", "shares"),
    "cpu_rt_period": ("cpu", "realtimePeriod"),
    "cpu_rt_runtime": ("cpu", "realtimeRuntime"),
    "cpuset_cpus": ("cpu", "cpus"),
    "cpuset_mems": ("cpu", "mems"),
    "cpu_idle": ("cpu", "idle"),
    "kernel_memory_tcp": ("memory", "kernelTCP"),
    "memory": ("memory", "limit"),
    "memory_reservation": ("memory", "reservation"),
    "memory_swap": ("memory", "swap"),
    "pids_limit": ("pids", "limit"),
}
_AS_TEXT = ("cpus", "mems")
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    folder = Folder(context.root, arguments[0])
    for name in ("l3_cache_schema", "mem_bw_schema"):
        if options[name]:
            raise Unsupported(f"--{name.replace('_', '-')} is not supported: there is no Intel RDT here")
    resources = _from_file(options["resources"]) if options["resources"] else from_flags(options)
    check.check(resources)
    with folder.locked():
        state = folder.load()
        if status(folder, state) == "stopped":
            raise Conflict("container not running")
        group = groups.find(state["cgroup"], state["resources"])
        for warning in group.limit(resources):
            report.log(context, "warning", warning)
        for part, values in resources.items():
            known = state["resources"].get(part)
            state["resources"][part] = {**known, **values} if isinstance(known, dict) else values
        folder.store(state)
    return 0


def _from_file(name: str) -> dict[str, Any]:
    resources = (
        jsonfile.decode(sys.stdin.buffer.read(), "standard input") if name == "-" else jsonfile.read(name)
    )
    if not isinstance(resources, dict):
        raise InvalidArgument(f"{name} is not a JSON object")
    return resources


def from_flags(options: dict[str, Any]) -> dict[str, Any]:
    """linux.resources of the flags that were given. Raises InvalidArgument."""
    resources: dict[str, Any] = {}
    for option, (part, name) in _PLACES.items():
        if option in options["given"]:
            value = options[option]
            resources.setdefault(part, {})[name] = value if name in _AS_TEXT else _amount(value, option)
    return resources


def _amount(value: str | int, option: str) -> int:
    """A number, or bytes with a unit."""
    text = str(value).lower().removesuffix("ib") if isinstance(value, str) else str(value)
    digits = text.rstrip("bkmgtp")
    unit = text[len(digits) :].removesuffix("b") or ""
    try:
        return int(digits) * _UNITS[unit] if digits != "-1" else -1
    except (KeyError, ValueError) as error:
        raise InvalidArgument(f"invalid value for {option.replace('_', '-')}: {value}") from error
