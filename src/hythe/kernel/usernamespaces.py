"""User namespaces (user_namespaces(7)): their id mappings, written and read.

A mapping is written once, by a process with CAP_SETUID and CAP_SETGID outside; the ids inside and outside are
then the same accounts under two numbers. Entries are (inside, outside, size), as in /proc/PID/uid_map.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Final, NamedTuple

from hythe.kernel import namespaces as ns

UNMAPPED: Final = 65534
"""What an id without a mapping is shown as (/proc/sys/kernel/overflowuid)."""


class Entry(NamedTuple):
    inside: int
    outside: int
    size: int


class Mapping(NamedTuple):
    """Both maps of one user namespace."""

    uids: tuple[Entry, ...]
    gids: tuple[Entry, ...]

    def uid(self, inside: int) -> int | None:
        """The id outside, None where there is none."""
        return _outside(self.uids, inside)

    def gid(self, inside: int) -> int | None:
        return _outside(self.gids, inside)


def _outside(entries: Iterable[Entry], inside: int) -> int | None:
    for entry in entries:
        if entry.inside <= inside < entry.inside + entry.size:
            return entry.outside + inside - entry.inside
    return None


def write(pid: int, mapping: Mapping) -> None:
    """Give the new user namespace that process `pid` is in its mapping. Raises OSError."""
    for name, entries in (("uid_map", mapping.uids), ("gid_map", mapping.gids)):
        with open(f"/proc/{pid}/{name}", "wb", buffering=0) as file:
            file.write("".join("%d %d %d\n" % entry for entry in entries).encode())


def read(pid: int | str) -> Mapping:
    """The mapping of process `pid`'s user namespace, as seen from this one. Raises OSError."""
    maps = []
    for name in ("uid_map", "gid_map"):
        with open(f"/proc/{pid}/{name}") as file:
            maps.append(tuple(Entry(*map(int, line.split())) for line in file))
    return Mapping(*maps)


def made(mapping: Mapping) -> int:
    """A descriptor of a new user namespace with `mapping`, in which nobody is. For a single-threaded process."""
    waiting, release = os.pipe2(os.O_CLOEXEC)

    def hold() -> int:
        os.close(release)
        os.read(waiting, 1)
        return 0

    child = ns.cloned(hold, ns.CLONE_NEWUSER)
    try:
        write(child, mapping)
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(waiting)
        os.close(release)
        os.waitpid(child, 0)


def mapping_of(namespace: int) -> Mapping:
    """What the user namespace behind a descriptor maps. For a single-threaded process; Raises OSError."""
    reading, writing = os.pipe2(os.O_CLOEXEC)

    def tell() -> int:
        ns.setns(namespace, ns.CLONE_NEWUSER)
        mapping = read("self")
        text = ";".join("\n".join("%d %d %d" % entry for entry in entries) for entries in mapping)
        os.write(writing, text.encode())
        return 0

    child = ns.cloned(tell, 0)
    os.close(writing)
    with open(reading) as file:
        text = file.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise OSError(errno.EINVAL, "the user namespace cannot be joined")
    uids, gids = ([Entry(*map(int, line.split())) for line in part.splitlines()] for part in text.split(";"))
    return Mapping(tuple(uids), tuple(gids))
