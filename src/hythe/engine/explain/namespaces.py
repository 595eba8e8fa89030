"""Which namespaces the container is in, and who else is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from hythe.engine.explain.subject import Subject
from hythe.kernel.procfs import read_namespaces

Relation = Literal["host", "own", "shared"]


class Namespace(Struct):
    """`type` as the kernel names it (mnt, pid, net...). `shared_with` are names of containers."""

    type: str
    inode: int
    relation: Relation
    shared_with: list[str]
    path: str


class Namespaces(Struct):
    shown_by: list[str]
    items: list[Namespace]


def compare(
    pid: int, own: Mapping[str, int], host: Mapping[str, int], others: Mapping[str, Mapping[str, int]]
) -> list[Namespace]:
    """`others` are the namespaces of other containers by their names."""
    found = []
    for kind, inode in own.items():
        is_host = host.get(kind) == inode
        sharers = (
            [] if is_host else sorted(name for name, theirs in others.items() if theirs.get(kind) == inode)
        )
        relation: Relation = "host" if is_host else "shared" if sharers else "own"
        found.append(Namespace(kind, inode, relation, sharers, f"/proc/{pid}/ns/{kind}"))
    return found


def namespaces(subject: Subject) -> Namespaces:
    """The host's are those of the daemon."""
    others: dict[str, Mapping[str, int]] = {}
    for name, pid in subject.others.items():
        try:
            others[name] = read_namespaces(pid)
        except OSError:
            continue  # it has ended meanwhile and shares nothing any more
    items = compare(subject.pid, read_namespaces(subject.pid), read_namespaces("self"), others)
    return Namespaces([f"/proc/{subject.pid}/ns", f"lsns -p {subject.pid}"], items)
