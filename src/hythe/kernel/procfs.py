"""What /proc says of one process: identity, rights, namespaces, user mapping, control groups (proc(5)).

Each `read_*` opens one file of /proc/PID and each `parse_*` is the pure half of it. A process may end at any
moment: the file is then gone (FileNotFoundError) or gives ESRCH (ProcessLookupError), and the caller decides
what that means. Ids and pids are those of the reader's namespaces, as the kernel gives them. Kept out: mounts
(`mountinfo`) and whatever is not about a process.
"""

# ruff: noqa: PTH115, PTH208
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hythe.kernel.capabilities import NAMES

NAMESPACES: Final = ("mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time")
"""The names below /proc/PID/ns. A kernel that lacks one has no such file."""


@dataclass(frozen=True)
class ProcessStatus:
    """/proc/PID/status. `uid` and `gid` are the effective ones; `pids` from the reader's namespace inwards.

    `rss` in bytes. Capability sets are bits. `seccomp` is 0 (none), 1 (strict) or 2 (filter); `filters` is None
    on a kernel that does not count them (before 5.9).
    """

    name: str
    state: str
    parent: int
    uid: int
    gid: int
    pids: tuple[int, ...]
    threads: int
    rss: int
    inheritable: int
    permitted: int
    effective: int
    bounding: int
    ambient: int
    no_new_privileges: bool
    seccomp: int
    filters: int | None


def in_pid_namespace_of(pid: int) -> list[int]:
    """Every process in the pid namespace of process `pid`; [] if that is our own, or out of sight."""
    try:
        wanted = os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return []
    if wanted == os.readlink("/proc/self/ns/pid"):
        return []
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdecimal() and os.readlink(f"/proc/{name}/ns/pid") == wanted:
                found.append(int(name))
        except OSError:
            continue
    return found


def parse_status(text: str) -> ProcessStatus:
    """The text of /proc/PID/status; lines that a kernel does not have count as 0."""
    lines = (line.partition(":") for line in text.splitlines())
    fields = {key: value.strip() for key, _, value in lines}

    def numbers(key: str) -> list[int]:
        return [int(word) for word in fields.get(key, "").split() if word.isdigit()] or [0]

    def bits(key: str) -> int:
        return int(fields.get(key) or "0", 16)

    return ProcessStatus(
        name=fields.get("Name", ""),
        state=fields.get("State", "?")[:1],
        parent=numbers("PPid")[0],
        uid=numbers("Uid")[1 if "Uid" in fields else 0],
        gid=numbers("Gid")[1 if "Gid" in fields else 0],
        pids=tuple(numbers("NSpid")),
        threads=numbers("Threads")[0],
        rss=numbers("VmRSS")[0] * 1024,
        inheritable=bits("CapInh"),
        permitted=bits("CapPrm"),
        effective=bits("CapEff"),
        bounding=bits("CapBnd"),
        ambient=bits("CapAmb"),
        no_new_privileges=fields.get("NoNewPrivs") == "1",
        seccomp=numbers("Seccomp")[0],
        filters=numbers("Seccomp_filters")[0] if "Seccomp_filters" in fields else None,
    )


def read_status(pid: int) -> ProcessStatus:
    return parse_status(_text(pid, "status"))


def capability_names(bits: int) -> list[str]:
    """ "CAP_KILL" and the like in the kernel's order; "CAP_41" for a bit that has no name here."""
    return [
        f"CAP_{NAMES[bit] if bit < len(NAMES) else bit}"
        for bit in range(bits.bit_length())
        if bits >> bit & 1
    ]


def read_command(pid: int) -> list[str]:
    """The arguments the process was started with; empty for a zombie and for a thread of the kernel."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        data = file.read()
    return [part.decode(errors="replace") for part in data.removesuffix(b"\0").split(b"\0")] if data else []


def read_namespaces(pid: int | str) -> dict[str, int]:
    """Inode numbers by the names of NAMESPACES: two processes share what has the same number (namespaces(7))."""
    found: dict[str, int] = {}
    present = set(os.listdir(f"/proc/{pid}/ns"))
    for name in NAMESPACES:
        if name in present:
            found[name] = int(os.readlink(f"/proc/{pid}/ns/{name}").partition("[")[2].rstrip("]"))
    return found


@dataclass(frozen=True)
class IdRange:
    """`count` ids from `inside` on are those from `outside` on to the reader (user_namespaces(7))."""

    inside: int
    outside: int
    count: int


def parse_id_map(text: str) -> list[IdRange]:
    """The text of /proc/PID/uid_map or gid_map."""
    return [IdRange(*map(int, line.split())) for line in text.splitlines() if line.strip()]


def read_id_map(pid: int, kind: str) -> list[IdRange]:
    """`kind` is "uid" or "gid"."""
    return parse_id_map(_text(pid, f"{kind}_map"))


def id_inside(ranges: Sequence[IdRange], outside: int) -> int | None:
    """What the id `outside` is called inside; None for one that the mapping does not have."""
    for one in ranges:
        if one.outside <= outside < one.outside + one.count:
            return outside - one.outside + one.inside
    return None


@dataclass(frozen=True)
class GroupMembership:
    """A line of /proc/PID/cgroup: in the tree of `controllers` (none: version 2), the group at `path`."""

    controllers: tuple[str, ...]
    path: str


def parse_memberships(text: str) -> list[GroupMembership]:
    """Of trees without a controller only that of version 2 counts (cgroups(7))."""
    lines = (line.split(":", 2) for line in text.splitlines() if line.count(":") >= 2)
    return [
        GroupMembership(tuple(names.split(",")) if names else (), path)
        for _, names, path in lines
        if not names.startswith("name=")
    ]


def read_memberships(pid: int) -> list[GroupMembership]:
    return parse_memberships(_text(pid, "cgroup"))


def read_label(pid: int, module: str) -> str | None:
    """What a security module says of the process: `module` "apparmor", or "" for the one in /proc/PID/attr.

    None where the kernel has none (lsm(7): no such file, or EINVAL).
    """
    try:
        return _text(pid, f"attr/{module}/current" if module else "attr/current").rstrip("\0\n") or None
    except ProcessLookupError:
        raise
    except OSError:
        os.stat(f"/proc/{pid}")
        return None


def _text(pid: int, name: str) -> str:
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read().decode(errors="replace")
