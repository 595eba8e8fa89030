"""Who a process runs as: "USER[:GROUP]" of an image or of --user, looked up in the container's own files.

The text of the container's /etc/passwd and /etc/group comes in, numbers go out (Dockerfile reference, USER;
runtime-spec, process.user). Nothing of the host's user database is asked, and no library of the image is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hythe.errors import InvalidArgument

MAX_ID = 2**31 - 1


@dataclass(frozen=True)
class ResolvedUser:
    """`groups` are the additional ones, without duplicates, in ascending order."""

    uid: int = 0
    gid: int = 0
    groups: list[int] = field(default_factory=list)
    home: str = "/root"


@dataclass(frozen=True)
class _Account:
    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True)
class _Group:
    name: str
    gid: int
    members: list[str]


def _accounts(passwd: str) -> list[_Account]:
    fields = (line.split(":") for line in passwd.splitlines())
    return [
        _Account(f[0], int(f[2]), int(f[3]), f[5])
        for f in fields
        if len(f) >= 6 and f[2].isdigit() and f[3].isdigit()
    ]


def _groups(group: str) -> list[_Group]:
    fields = (line.split(":") for line in group.splitlines())
    return [
        _Group(f[0], int(f[2]), [m.strip() for m in f[3].split(",") if m.strip()])
        for f in fields
        if len(f) >= 4 and f[2].isdigit()
    ]


def _number(text: str, what: str) -> int:
    value = int(text)
    if value > MAX_ID:
        raise InvalidArgument(f"{what} {text} is out of range", hint=f"ids go from 0 to {MAX_ID}")
    return value


def _gid(text: str, groups: Sequence[_Group]) -> int:
    for group in groups:
        if group.name == text:
            return group.gid
    if text.isdigit():
        return _number(text, "group id")
    raise InvalidArgument(
        f"unable to find group {text}: no matching entries in group file",
        hint="add it in the image, or give a number",
    )


def resolve(
    user: str, passwd: str, group: str, group_add: Sequence[str] = (), *, of_image: bool = True
) -> ResolvedUser:
    """The ids behind `user` ("", "name", "1000", "name:group", "1000:1000") and `group_add`.

    `of_image`: with the groups that /etc/group gives the user, where no group was named.
    """
    name, _, group_name = user.partition(":")
    accounts, groups = _accounts(passwd), _groups(group)
    wanted = name or "0"
    account = next((a for a in accounts if a.name == wanted), None)
    if account is None and wanted.isdigit():
        uid = _number(wanted, "user id")
        account = next((a for a in accounts if a.uid == uid), None) or _Account("", uid, 0, "/")
        if uid == 0 and not account.name:
            account = _Account("root", 0, 0, "/root")
    if account is None:
        raise InvalidArgument(
            f"unable to find user {name}: no matching entries in passwd file",
            hint="add it in the image, or give a number",
        )
    gid = _gid(group_name, groups) if group_name else account.gid
    extra: set[int] = set()
    if account.name and not group_name and of_image:
        extra.update(g.gid for g in groups if account.name in g.members)
    extra.update(_gid(g, groups) for g in group_add)
    return ResolvedUser(account.uid, gid, sorted(extra), account.home or "/")
