"""What config.json says of schedulers: process.scheduler, ioPriority, execCPUAffinity, linux.memoryPolicy; and of
linux.personality.

Few containers have any of it, so whoever makes the plan of one that does loads this module; the child finds all it
needs on the value that it is given. Sources: config.md, Linux Process; config-linux.md, Memory policy, Personality.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kernel import process, scheduling
from hythe.kernel.scheduling import Scheduler

_DOMAINS = {"LINUX": 0x0000, "LINUX32": 0x0008}
_MOST = 1 << 10


class MemoryPolicy(NamedTuple):
    mode: int
    flags: int
    nodes: frozenset[int]


class Scheduling(NamedTuple):
    """None, and no CPUs, is what the maker has. `io`: class and level; `domain`: as personality(2) takes it.

    `makers_cpus` are for who makes the process, until it is in its control group; `cpus` for the process then.
    """

    scheduler: Scheduler | None
    io: tuple[int, int] | None
    memory: MemoryPolicy | None
    domain: int | None
    makers_cpus: frozenset[int] = frozenset()
    cpus: frozenset[int] = frozenset()

    def give(self, pid: int) -> None:
        """What the host's root may, in the first user namespace, for process `pid` (0: this one). Raises OSError."""
        if self.cpus:
            os.sched_setaffinity(pid, self.cpus)
        if self.io is not None:
            scheduling.set_io_priority(pid, *self.io)
        if self.scheduler is not None:
            _schedule(pid, self.scheduler)

    def take(self) -> None:
        """What a process can only do for itself, in its control group. Raises OSError."""
        if self.memory is not None:
            scheduling.set_memory_policy(*self.memory)
        if self.domain is not None:
            process.set_personality(self.domain)


def _schedule(pid: int, wanted: Scheduler) -> None:
    try:
        scheduling.set_scheduler(pid, wanted)
    except PermissionError as error:
        raise PermissionError(
            error.errno,
            f"process.scheduler: {error.strerror} (it takes CAP_SYS_NICE, and for real time in a control group of"
            " version 1 a share of it: linux.resources.cpu.realtimeRuntime)",
        ) from error


def parse(own: Mapping[str, Any], linux: Mapping[str, Any]) -> Scheduling:
    """Of config.json's `process` and `linux`. Raises InvalidArgument."""
    affinity = own.get("execCPUAffinity") or {}
    _object(affinity, "process.execCPUAffinity")
    return Scheduling(
        _scheduler(own.get("scheduler")),
        _io(own.get("ioPriority")),
        _memory(linux.get("memoryPolicy")),
        _domain(linux.get("personality")),
        *(_numbers(affinity.get(name), f"process.execCPUAffinity.{name}") for name in ("initial", "final")),
    )


def _scheduler(value: Any) -> Scheduler | None:
    where = "process.scheduler"
    if not _object(value, where):
        return None
    return Scheduler(
        _one(value.get("policy"), scheduling.POLICIES, f"{where}.policy"),
        _some(value.get("flags"), scheduling.FLAGS, f"{where}.flags"),
        _number(value.get("nice"), f"{where}.nice", -20, 19),
        _number(value.get("priority"), f"{where}.priority", 0, 99),
        *(
            _number(value.get(name), f"{where}.{name}", 0, 2**64 - 1)
            for name in ("runtime", "deadline", "period")
        ),
    )


def _io(value: Any) -> tuple[int, int] | None:
    if not _object(value, "process.ioPriority"):
        return None
    kind = _one(value.get("class"), scheduling.CLASSES, "process.ioPriority.class")
    levels = scheduling.LEVELS
    return kind, _number(value.get("priority"), "process.ioPriority.priority", levels[0], levels[-1])


def _memory(value: Any) -> MemoryPolicy | None:
    where = "linux.memoryPolicy"
    if not _object(value, where):
        return None
    return MemoryPolicy(
        _one(value.get("mode"), scheduling.MEMORY_MODES, f"{where}.mode"),
        _some(value.get("flags"), scheduling.MEMORY_FLAGS, f"{where}.flags"),
        _numbers(value.get("nodes"), f"{where}.nodes"),
    )


def _domain(value: Any) -> int | None:
    if not _object(value, "linux.personality"):
        return None
    _some(value.get("flags"), {}, "linux.personality.flags")
    return _one(value.get("domain"), _DOMAINS, "linux.personality.domain")


def _numbers(text: Any, where: str) -> frozenset[int]:
    """A list such as "0-3,7", as the kernel writes those of CPUs and nodes. Raises InvalidArgument."""
    found: set[int] = set()
    for part in str(text).split(",") if text else ():
        first, dash, last = part.strip().partition("-")
        end = last if dash else first
        if not (first.isdecimal() and end.isdecimal() and int(first) <= int(end) < _MOST):
            raise InvalidArgument(
                f"config.json: {where} {text!r} is no list of numbers", hint='write it like "0-3,7"'
            )
        found.update(range(int(first), int(end) + 1))
    return frozenset(found)


def _object(value: Any, where: str) -> bool:
    """Whether it is there."""
    if value is not None and not isinstance(value, dict):
        raise InvalidArgument(f"config.json: {where} is not an object")
    return bool(value)


def _one(name: Any, known: Mapping[str, int], where: str) -> int:
    if not isinstance(name, str) or name not in known:
        raise InvalidArgument(
            f"config.json: {where} {name!r} is unknown", hint=f"known are {', '.join(known)}"
        )
    return known[name]


def _some(names: Any, known: Mapping[str, int], where: str) -> int:
    bits = 0
    for name in names or ():
        if name not in known:
            hint = f"known are {', '.join(known)}" if known else "none is supported yet by the specification"
            raise InvalidArgument(f"config.json: {where} {name!r} is unknown", hint=hint)
        bits |= known[name]
    return bits


def _number(value: Any, where: str, low: int, high: int) -> int:
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidArgument(f"config.json: {where} {value!r} is not between {low} and {high}")
    return value
