"""User namespaces (user_namespaces(7)): their id mappings, written and read.

A mapping is written once, by a process with CAP_SETUID and CAP_SETGID outside; the ids inside and outside are
then the same accounts under two numbers. Entries are (inside, outside, size), as in /proc/PID/uid_map.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kernel import capabilities
from hythe.kernel import namespaces as ns
from hythe.kernel.identity import initial as initial
from hythe.kernel.syscall import libc_call

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

    def inside(self, uid: int, gid: int) -> tuple[int, int]:
        """What the ids outside are shown as inside."""
        return _inside(self.uids, uid), _inside(self.gids, gid)


def _outside(entries: Iterable[Entry], inside: int) -> int | None:
    for entry in entries:
        if entry.inside <= inside < entry.inside + entry.size:
            return entry.outside + inside - entry.inside
    return None


def _inside(entries: Iterable[Entry], outside: int) -> int:
    for entry in entries:
        if entry.outside <= outside < entry.outside + entry.size:
            return entry.inside + outside - entry.outside
    return UNMAPPED


@contextmanager
def files_made_by_root(mapping: Mapping) -> Iterator[None]:
    """Within: this thread makes files as the namespace's root, with all the capabilities that it has (setfsuid(2)).

    Raises InvalidArgument for a namespace that has no root.
    """
    uid, gid = mapping.uid(0), mapping.gid(0)
    if uid is None or gid is None:
        raise InvalidArgument("there is no id 0 in the user namespace")
    held = capabilities.held()
    try:
        libc_call("setfsgid", gid)
        libc_call("setfsuid", uid)  # takes the capabilities that concern files away
        capabilities.set_held(*held)
        yield
    finally:
        libc_call("setfsuid", os.geteuid())
        libc_call("setfsgid", os.getegid())
        capabilities.set_held(*held)


def write(pid: int, mapping: Mapping) -> None:
    """Give the new user namespace that process `pid` is in its mapping. Raises OSError."""
    for name, entries in (("uid_map", mapping.uids), ("gid_map", mapping.gids)):
        with open(f"/proc/{pid}/{name}", "wb", buffering=0) as file:
            file.write("".join(f"{each.inside} {each.outside} {each.size}\n" for each in entries).encode())


def read(pid: int | str) -> Mapping:
    """The mapping of process `pid`'s user namespace, as seen from this one. Raises OSError."""
    return Mapping(*(_entries(text) for text in _texts(pid)))


def _texts(pid: int | str) -> list[str]:
    texts = []
    for name in ("uid_map", "gid_map"):
        with open(f"/proc/{pid}/{name}") as file:
            texts.append(file.read())
    return texts


def _entries(text: str) -> tuple[Entry, ...]:
    return tuple(Entry(*map(int, line.split())) for line in text.splitlines())


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
        os.write(writing, ";".join(_texts("self")).encode())
        return 0

    child = ns.cloned(tell, 0)
    os.close(writing)
    with open(reading) as file:
        text = file.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise OSError(errno.EINVAL, "the user namespace cannot be joined")
    return Mapping(*(_entries(part) for part in text.split(";")))
