"""When and where a process runs: its scheduler, its I/O priority, its CPUs, its NUMA memory policy.

All of it is inherited by what the process forks, and kept by exec. Sources: sched_setattr(2), ioprio_set(2),
set_mempolicy(2), linux/sched.h, linux/mempolicy.h.
"""

from __future__ import annotations

import ctypes
from typing import Final, NamedTuple

from hythe.kernel.syscall import syscall

POLICIES: Final = {"SCHED_OTHER": 0, "SCHED_FIFO": 1, "SCHED_RR": 2, "SCHED_BATCH": 3, "SCHED_ISO": 4,
                   "SCHED_IDLE": 5, "SCHED_DEADLINE": 6}  # fmt: skip
FLAGS: Final = {
    f"SCHED_FLAG_{name}": 1 << bit
    for bit, name in enumerate(
        "RESET_ON_FORK RECLAIM DL_OVERRUN KEEP_POLICY KEEP_PARAMS UTIL_CLAMP_MIN UTIL_CLAMP_MAX".split()
    )
}
CLASSES: Final = {"IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3}
LEVELS: Final = range(8)
"""Of an I/O class: 0 is served first."""
MEMORY_MODES: Final = {"MPOL_DEFAULT": 0, "MPOL_PREFERRED": 1, "MPOL_BIND": 2, "MPOL_INTERLEAVE": 3, "MPOL_LOCAL": 4,
                       "MPOL_PREFERRED_MANY": 5, "MPOL_WEIGHTED_INTERLEAVE": 6}  # fmt: skip
MEMORY_FLAGS: Final = {"MPOL_F_NUMA_BALANCING": 1 << 13, "MPOL_F_RELATIVE_NODES": 1 << 14,
                       "MPOL_F_STATIC_NODES": 1 << 15}  # fmt: skip

_WHO_PROCESS: Final = 1
_CLASS_SHIFT: Final = 13
_NODES: Final = 1024
"""Bits in a node mask: the most that any kernel is built for."""


class Scheduler(NamedTuple):
    """Numbers as the kernel takes them; `runtime`, `deadline` and `period` in nanoseconds."""

    policy: int
    flags: int = 0
    nice: int = 0
    priority: int = 0
    runtime: int = 0
    deadline: int = 0
    period: int = 0


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
        ("utilisation_least", ctypes.c_uint32),
        ("utilisation_most", ctypes.c_uint32),
    )


def set_scheduler(pid: int, wanted: Scheduler) -> None:
    """Of process `pid`, 0 for this one. Raises OSError: EPERM without CAP_SYS_NICE, EBUSY where no time is left."""
    policy, flags, *rest = wanted
    value = _Attributes(ctypes.sizeof(_Attributes), policy, flags, *rest, 0, 0)
    syscall("sched_setattr", pid, ctypes.byref(value), 0)


def set_io_priority(pid: int, kind: int, level: int) -> None:
    """`kind` out of CLASSES. Raises OSError: EPERM for real time without CAP_SYS_ADMIN or CAP_SYS_NICE."""
    syscall("ioprio_set", _WHO_PROCESS, pid, kind << _CLASS_SHIFT | level)


def set_memory_policy(mode: int, flags: int, nodes: frozenset[int]) -> None:
    """Of this thread. Raises OSError: EINVAL where mode and nodes do not go together, or there is no such node."""
    mask = sum(1 << node for node in nodes).to_bytes(_NODES // 8, "little")
    syscall("set_mempolicy", mode | flags, mask if nodes else None, _NODES + 1 if nodes else 0)
