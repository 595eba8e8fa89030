"""Linux system calls that Python's `os` lacks, and the one place where their errors become exceptions.

A call is made by name through libc's `syscall(2)`, so that no version of the C library matters; what libc
itself wraps (setns, unshare, prctl, mount...) goes through `libc_call`. Both turn -1 into `OSError` with
errno, the call's name and, where there is one, the path in `filename`. Numbers from 424 on are the same on
every architecture; older ones are listed for x86_64 and aarch64.

Kept out: what the calls mean. That is in `mounts`, `paths`, `process`, `namespaces` and their neighbours.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, Final

AT_FDCWD: Final = -100
AT_EMPTY_PATH: Final = 0x1000
AT_RECURSIVE: Final = 0x8000

_COMMON: Final = {
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "pidfd_open": 434,
    "clone3": 435,
    "close_range": 436,
    "openat2": 437,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
    "pidfd_send_signal": 424,
}
_BY_MACHINE: Final = {
    "x86_64": {"pivot_root": 155, "seccomp": 317, "bpf": 321, "capget": 125, "capset": 126, "setgroups": 116,
               "setresuid": 117, "setresgid": 119, "rt_sigaction": 13, "sched_setattr": 314, "ioprio_set": 251,
               "set_mempolicy": 238, "personality": 135},
    "aarch64": {"pivot_root": 41, "seccomp": 277, "bpf": 280, "capget": 90, "capset": 91, "setgroups": 159,
                "setresuid": 147, "setresgid": 149, "rt_sigaction": 134, "sched_setattr": 274, "ioprio_set": 30,
                "set_mempolicy": 237, "personality": 92},
}  # fmt: skip

NUMBERS: Final = _COMMON | _BY_MACHINE.get(os.uname().machine, {})

LIBC: Final = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long

Argument = int | bytes | str | None | Any


def fail(name: str, path: str | None = None, error: int | None = None) -> OSError:
    """The exception for a call that has just failed; `error` defaults to this thread's errno."""
    code = ctypes.get_errno() if error is None else error
    text = f"{name}: {os.strerror(code)}"
    return OSError(code, text) if path is None else OSError(code, text, path)


def _convert(value: Argument) -> Argument:
    if isinstance(value, int):
        return ctypes.c_long(value)
    if isinstance(value, str):
        return os.fsencode(value)
    return value


def syscall(name: str, *arguments: Argument, path: str | None = None) -> int:
    """Make the system call `name`. Raises OSError; ENOSYS where this machine's number is not known."""
    number = NUMBERS.get(name)
    if number is None:
        raise fail(name, path, 38)
    result = int(LIBC.syscall(ctypes.c_long(number), *map(_convert, arguments)))
    if result < 0:
        raise fail(name, path)
    return result


def libc_call(name: str, *arguments: Argument, path: str | None = None) -> int:
    """Call libc's function `name`, that returns an int and sets errno. Raises OSError."""
    result = int(getattr(LIBC, name)(*map(_convert, arguments)))
    if result < 0:
        raise fail(name, path)
    return result
