"""Processes: signals as descriptors, prctl(2), resource limits, inherited descriptors. Which is which: `identity`."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Iterable
from typing import Final

from hythe.errors import InvalidArgument
from hythe.kernel.syscall import LIBC, fail, libc_call, syscall

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_KEEPCAPS: Final = 8
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NAME: Final = 15
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38
_SFD_CLOEXEC: Final = os.O_CLOEXEC
_SFD_NONBLOCK: Final = os.O_NONBLOCK
_CLOSE_RANGE_CLOEXEC: Final = 4
_LAST_FD: Final = 0xFFFFFFFF
SIGNALFD_SIZE: Final = 128

_EXTRA_LIMITS: Final = {"RLIMIT_LOCKS": 10, "RLIMIT_SIGPENDING": 11, "RLIMIT_MSGQUEUE": 12, "RLIMIT_NICE": 13,
                        "RLIMIT_RTPRIO": 14, "RLIMIT_RTTIME": 15}  # fmt: skip


def signalfd(signals: Iterable[int]) -> int:
    """Block `signals` and get a non-blocking descriptor that is readable when one is pending."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    bits = 0
    for number in signals:
        bits |= 1 << (number - 1)
    mask = (ctypes.c_uint64 * 16)(bits)
    descriptor = int(LIBC.signalfd(-1, ctypes.byref(mask), _SFD_CLOEXEC | _SFD_NONBLOCK))
    if descriptor < 0:
        raise fail("signalfd")
    return descriptor


def become_subreaper() -> None:
    """Orphans of this process's children become its own children (prctl(2))."""
    libc_call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(number: int) -> None:
    """Be sent the signal `number` when the parent ends; exec keeps that, a fork does not (prctl(2))."""
    libc_call("prctl", _PR_SET_PDEATHSIG, number, 0, 0, 0)


def no_new_privileges() -> None:
    libc_call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def keep_capabilities(on: bool) -> None:
    """Whether a change of user id keeps the permitted set."""
    libc_call("prctl", _PR_SET_KEEPCAPS, int(on), 0, 0, 0)


def set_dumpable(on: bool) -> None:
    """Off: /proc/PID of this process (exe, fd, root...) is closed to everyone without CAP_SYS_PTRACE here."""
    libc_call("prctl", _PR_SET_DUMPABLE, int(on), 0, 0, 0)


def set_personality(domain: int) -> None:
    """What uname(2) says of the machine, and the like (personality(2)). Kept by exec, but for set-user-id programs."""
    syscall("personality", domain)


def set_name(name: str) -> None:
    """The name in ps(1), cut to 15 bytes."""
    libc_call("prctl", _PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def default_signals() -> None:
    """Every signal's default action, none blocked: what a program started by exec may expect.

    An ignored signal stays ignored through exec: those that Python or the warden ignores are put back.
    """
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def stop_ignoring_signals() -> None:
    """Every signal's default action that was inherited as ignored, also where libc keeps one for itself.

    For a process that is to be the parent of others: what it ignores, they would. What Python itself ignores
    stays so, until `default_signals` in a child.
    """
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("SigIgn:"))
    ignored, default = int(line.split()[1], 16), (ctypes.c_uint64 * 4)()
    for number in range(1, 65):
        if ignored >> (number - 1) & 1 and number not in (signal.SIGPIPE, signal.SIGXFSZ):
            syscall("rt_sigaction", number, ctypes.byref(default), None, 8)


def close_all_but(keep: Iterable[int]) -> None:
    """Close every descriptor from 3 on that is not in `keep`."""
    low = 3
    for descriptor in sorted({fd for fd in keep if fd >= 3}):
        if descriptor > low:
            syscall("close_range", low, descriptor - 1, 0)
        low = descriptor + 1
    syscall("close_range", low, _LAST_FD, 0)


def close_on_exec_from(low: int) -> None:
    """Mark every descriptor from `low` on close-on-exec."""
    syscall("close_range", low, _LAST_FD, _CLOSE_RANGE_CLOEXEC)


def limit_number(name: str) -> int:
    """The number of "RLIMIT_NOFILE" and the like. Raises InvalidArgument."""
    if name in _EXTRA_LIMITS:
        return _EXTRA_LIMITS[name]
    number = getattr(resource, name, None) if name.startswith("RLIMIT_") else None
    if not isinstance(number, int):
        raise InvalidArgument(f"unknown resource limit: {name!r}", hint="see getrlimit(2) for the names")
    return number


def _limit(value: int) -> int:
    return resource.RLIM_INFINITY if value < 0 or value >= 2**63 - 1 else value


def set_limit(name: str, soft: int, hard: int, *, pid: int = 0) -> str | None:
    """Set a resource limit of a process, 0 for this one; -1 or 2^63-1 and above mean none.

    Where raising the hard limit is refused (no CAP_SYS_RESOURCE) both are clamped to the present hard limit,
    and the warning for the user is returned. Raises InvalidArgument when soft is above hard.
    """
    number = limit_number(name)
    wanted = (_limit(soft), _limit(hard))
    try:
        resource.prlimit(pid, number, wanted)
        return None
    except (ValueError, PermissionError) as error:
        present = resource.prlimit(pid, number)[1]
        if present == resource.RLIM_INFINITY:
            raise InvalidArgument(f"{name}: soft limit {soft} and hard limit {hard}: {error}") from error
    clamped = min(present, wanted[1]) if wanted[1] >= 0 else present
    low = min(clamped, wanted[0]) if wanted[0] >= 0 else clamped
    try:
        resource.prlimit(pid, number, (low, clamped))
    except (ValueError, PermissionError) as error:
        raise InvalidArgument(f"{name}: soft limit {soft} and hard limit {hard}: {error}") from error
    return f"{name}: hard limit {hard} is above this host's {present} and was clamped to it"
