"""Namespaces: unshare(2) and setns(2), and the names that the OCI runtime specification gives them.

A new pid namespace is special: the caller of unshare stays where it is and its next child becomes pid 1 of
the new one. `forked_into` uses that: it switches the namespace *for children*, lets the caller fork once,
and switches back, so that one fork makes a container's first process, or one inside a running container.

A user namespace owns the namespaces that are made inside it, and a process that is in one has lost what it
could do outside. So what is to be owned by a new user namespace is made together with it, by `cloned`.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from hythe.kernel.syscall import NUMBERS, fail, libc_call

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000
CLONE_NEWTIME: Final = 0x00000080
CLONE_PARENT: Final = 0x00008000

FLAGS: Final = {
    "mount": CLONE_NEWNS,
    "cgroup": CLONE_NEWCGROUP,
    "uts": CLONE_NEWUTS,
    "ipc": CLONE_NEWIPC,
    "pid": CLONE_NEWPID,
    "network": CLONE_NEWNET,
    "user": CLONE_NEWUSER,
    "time": CLONE_NEWTIME,
}
"""OCI type (config-linux.md, Namespaces) to clone flag."""

_GIL_HELD: Final = ctypes.PyDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave the shared namespaces named by `flags` for new ones. Raises OSError."""
    libc_call("unshare", flags)


def setns(fd: int, flags: int) -> None:
    """Join namespaces: `fd` is a namespace file and `flags` its type or 0, or a pidfd and several flags."""
    libc_call("setns", fd, flags)


@contextmanager
def children_in_time(path: str, offsets: dict[str, tuple[int, int]]) -> Iterator[None]:
    """Within: children begin in another time namespace (time_namespaces(7)); at `path`, or new with `offsets`.

    Offsets are (seconds, nanoseconds) for "monotonic" and "boottime". For a single-threaded process.
    """
    own = os.open("/proc/self/ns/time", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if path:
            target = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            setns(target, CLONE_NEWTIME)
            os.close(target)
        else:
            unshare(CLONE_NEWTIME)
            with open("/proc/self/timens_offsets", "wb", buffering=0) as file:
                for clock, (seconds, nanoseconds) in offsets.items():
                    file.write(f"{clock} {seconds} {nanoseconds}\n".encode())
        yield
    finally:
        setns(own, CLONE_NEWTIME)
        os.close(own)


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


def cloned(child: Callable[[], int], flags: int) -> int:
    """Fork by clone(2) with `flags`; the pid as seen from here. The child runs `child` and exits.

    With CLONE_PARENT the child is a sibling: its parent is ours. The process must be single-threaded: the
    interpreter is told of the fork as os.fork would tell it. Raises OSError.
    """
    interpreter = ctypes.pythonapi
    interpreter.PyOS_BeforeFork()
    zero = ctypes.c_long(0)
    call = (ctypes.c_long(NUMBERS["clone"]), ctypes.c_long(flags | signal.SIGCHLD))
    pid = int(_GIL_HELD.syscall(*call, zero, zero, zero, zero))
    if pid == 0:
        code = 1
        try:
            interpreter.PyOS_AfterFork_Child()
            code = child()
        finally:
            os._exit(code)
    interpreter.PyOS_AfterFork_Parent()
    if pid < 0:
        raise fail("clone")
    return pid
