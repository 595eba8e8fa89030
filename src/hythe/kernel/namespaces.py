"""Namespaces: unshare(2) and setns(2), and the names that the OCI runtime specification gives them.

A new pid namespace is special: the caller of unshare stays where it is and its next child becomes pid 1 of
the new one. `forked_into` uses that: it switches the namespace *for children*, lets the caller fork once,
and switches back, so that one fork makes a container's first process, or one inside a running container.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from hythe.kernel.syscall import libc_call

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

FLAGS: Final = {
    "mount": CLONE_NEWNS,
    "cgroup": CLONE_NEWCGROUP,
    "uts": CLONE_NEWUTS,
    "ipc": CLONE_NEWIPC,
    "pid": CLONE_NEWPID,
    "network": CLONE_NEWNET,
    "user": CLONE_NEWUSER,
}
"""OCI type (config-linux.md, Namespaces) to clone flag."""


def unshare(flags: int) -> None:
    """Leave the shared namespaces named by `flags` for new ones. Raises OSError."""
    libc_call("unshare", flags)


def setns(fd: int, flags: int) -> None:
    """Join namespaces: `fd` is a namespace file and `flags` its type or 0, or a pidfd and several flags."""
    libc_call("setns", fd, flags)


def forked_into(child: Callable[[], int], own: int, target: int | None) -> int:
    """Fork with another pid namespace and return the pid as seen from here; the child runs `child` and exits.

    `own` is an open /proc/self/ns/pid of this process. `target` is a pidfd or pid namespace file to join, or
    -1 for a new namespace, or None for staying in this one. The process must be single-threaded.
    """
    if target is not None:
        if target < 0:
            unshare(CLONE_NEWPID)
        else:
            setns(target, CLONE_NEWPID)
    try:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = child()
            finally:
                os._exit(code)
        return pid
    finally:
        if target is not None:
            setns(own, CLONE_NEWPID)
