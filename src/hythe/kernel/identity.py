"""Which process is which, and whether we are who we seem to be: without a system call that Python lacks.

A pid alone names nothing for long; with its start time (proc_pid_stat(5), field 22, in clock ticks since
boot) it names one process for ever. A descriptor of a process (pidfd_open(2)) is safe while it is held.
"""

from __future__ import annotations

import os
from typing import Final

_PF_EXITING: Final = 0x4
_FIRST_INODE: Final = 0xEFFFFFFD


def initial() -> bool:
    """Whether this process is in the host's first user namespace: elsewhere root can make no device node, mount no
    image's attributes "trusted.*", map no owners, and is an ordinary user outside (user_namespaces(7)).
    """
    return os.stat("/proc/self/ns/user").st_ino == _FIRST_INODE


def start_time(pid: int) -> int:
    """Field 22 of /proc/PID/stat, counted after the command's closing parenthesis. Raises OSError."""
    with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
        return int(file.read().rpartition(b")")[2].split()[19])


def alive(pid: int, started: int) -> bool:
    """Whether the process that had `pid` since `started` is still there, and not a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return False
    return int(fields[19]) == started and fields[0] not in (b"Z", b"X")


def present(pid: int, started: int) -> bool:
    """As `alive`, and not on its way out either: one that ends lets go of its root, its memory and its
    namespaces before it becomes a zombie.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return False
    leaving = int(fields[6]) & _PF_EXITING
    return int(fields[19]) == started and fields[0] not in (b"Z", b"X") and not leaving


def pidfd_open(pid: int) -> int:
    """A close-on-exec descriptor of the process. Raises ProcessLookupError."""
    return os.pidfd_open(pid)
