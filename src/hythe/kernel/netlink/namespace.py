"""Entering another network namespace for a moment, in the calling thread alone.

setns(2) with a network namespace moves one thread, not the process. Sockets made inside belong there for
good and can be used by any thread afterwards, so a visit is short: make sockets, write sysctls, leave.
/proc/sys/net shows the namespace of the *thread* that opens a file there, which `write_sysctl` uses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hythe.kernel.namespaces import CLONE_NEWNET, setns

_OPEN = os.O_RDONLY | os.O_CLOEXEC


def open_namespace(pid: int) -> int:
    """A descriptor of the network namespace of process `pid`; the caller closes it."""
    return os.open(f"/proc/{pid}/ns/net", _OPEN)


@contextmanager
def inside(descriptor: int) -> Iterator[None]:
    """Run the block with this thread in the network namespace of `descriptor`, then go back."""
    home = os.open("/proc/thread-self/ns/net", _OPEN)
    try:
        setns(descriptor, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(home, CLONE_NEWNET)
    finally:
        os.close(home)


def write_sysctl(name: str, value: str, *, missing_ok: bool = False) -> None:
    """Set `net/...` (with slashes) in this thread's namespace; `missing_ok` for what a kernel may lack."""
    path = Path("/proc/sys", name)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        if missing_ok:
            return
        raise
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def read_sysctl(name: str) -> str:
    return Path("/proc/sys", name).read_text().strip()
