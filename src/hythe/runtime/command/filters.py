"""A container's system call filter: compiled when it is created, read back by each exec.

In the container's folder: the fields of `Filter`, which are plain values, by marshal.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable
from typing import Any

from hythe.runtime.command.folder import Folder, State
from hythe.runtime.init.security import Filter

_NAME = "filter.bpf"


def compiled(profile: dict[str, Any] | None) -> Filter | None:
    """Raises InvalidArgument, Unsupported, Unavailable."""
    if not profile:
        return None
    from hythe.kernel import seccomp, seccomp_listener

    address = seccomp_listener.address(profile)
    return Filter(seccomp.Compiler().program("", profile), seccomp.filter_flags(profile), *address)


def keep(folder: str, filter: Filter) -> None:
    """In the container's folder. Raises OSError."""
    fd = os.open(f"{folder}/{_NAME}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, marshal.dumps(tuple(filter)))
    finally:
        os.close(fd)


def kept(folder: str) -> Filter | None:
    """None where the container has none."""
    try:
        with open(f"{folder}/{_NAME}", "rb") as file:
            return Filter(*marshal.loads(file.read()))
    except FileNotFoundError:
        return None


def listener(folder: Folder, state: State, pid: int = 0) -> Callable[[int], None]:
    """What gives a process's listener to the seccomp agent: that of the exec `pid`, or of the first process."""

    def give(number: int) -> None:
        from hythe.runtime import listener as agent

        filter = kept(folder.path)
        assert filter is not None
        status = "running" if pid else "creating"
        told = agent.state(folder.id, status, state["pid"], state["bundle"], state["annotations"])
        agent.tell(filter.path, filter.metadata, pid or state["pid"], number, told)

    return give
