"""How user and group ids inside the container are called on the host, and the names that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from hythe.engine.explain.subject import Subject
from hythe.engine.rootfs import read_running_files
from hythe.errors import InvalidArgument
from hythe.kernel.procfs import IdRange, read_id_map

_WHOLE = 2**32 - 1


class Mapping(Struct):
    """`count` ids from `inside` on are those from `host` on."""

    inside: int
    host: int
    count: int


class Users(Struct):
    """`identical`: every id is the same inside and outside, as without a user namespace; `because`: why it has none."""

    shown_by: list[str]
    identical: bool
    because: str
    uids: list[Mapping]
    gids: list[Mapping]


def is_identity(ranges: Sequence[IdRange]) -> bool:
    return [(one.inside, one.outside, one.count) for one in ranges] == [(0, 0, _WHOLE)]


def users(subject: Subject) -> Users:
    pid = subject.pid
    maps = [read_id_map(pid, kind) for kind in ("uid", "gid")]
    uids, gids = ([Mapping(one.inside, one.outside, one.count) for one in ranges] for ranges in maps)
    identical = all(is_identity(one) for one in maps)
    shown_by = [f"/proc/{pid}/uid_map", f"/proc/{pid}/gid_map"]
    return Users(shown_by, identical, subject.record.state.host_users, uids, gids)


def parse_names(passwd: str) -> dict[int, str]:
    """Names by id, of the text of passwd(5); of several the first, as the C library has it."""
    names: dict[int, str] = {}
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) >= 3 and fields[2].isdigit():
            names.setdefault(int(fields[2]), fields[0])
    return names


def names_inside(pid: int) -> dict[int, str]:
    """By the container's own /etc/passwd, which it may have made anything of: then there are no names."""
    return parse_names(own_file(pid, "etc/passwd"))


def own_file(pid: int, name: str) -> str:
    """The text of a file as the running container has it; "" for what is not there or is no file."""
    try:
        return read_running_files(pid, [name])[name]
    except InvalidArgument:
        return ""


def names_on_host() -> dict[int, str]:
    """By the host's /etc/passwd; what other sources of names know is not asked."""
    try:
        return parse_names(Path("/etc/passwd").read_text(errors="replace"))
    except OSError:
        return {}
