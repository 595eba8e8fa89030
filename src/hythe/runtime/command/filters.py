"""A container's system call filter: compiled when it is created, read back by each exec."""

from __future__ import annotations

import os
from typing import Any

from hythe.runtime.init.security import Filter

_NAME = "filter.bpf"
_FLAGS_SIZE = 8


def compiled(profile: dict[str, Any] | None) -> Filter | None:
    """Raises InvalidArgument, Unsupported, Unavailable."""
    if not profile:
        return None
    from hythe.kernel import seccomp

    return Filter(seccomp.Compiler().program("", profile), seccomp.filter_flags(profile))


def keep(folder: str, filter: Filter) -> None:
    """In the container's folder. Raises OSError."""
    fd = os.open(f"{folder}/{_NAME}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, filter.flags.to_bytes(_FLAGS_SIZE, "little") + filter.program)
    finally:
        os.close(fd)


def kept(folder: str) -> Filter | None:
    """None where the container has none."""
    try:
        with open(f"{folder}/{_NAME}", "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return None
    return Filter(data[_FLAGS_SIZE:], int.from_bytes(data[:_FLAGS_SIZE], "little"))
