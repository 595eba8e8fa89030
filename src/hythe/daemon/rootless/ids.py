"""Subordinate ids: which of the host's ids a user may use besides its own (subuid(5)), and giving them out.

/etc/subuid and /etc/subgid have lines of "user:first:count"; only the setuid programs newuidmap and newgidmap may
map them. Inside, 0 is the user itself and 1... its subordinate ids. A user without has its one id, and nothing may
be owned by any other; it writes that mapping itself, having given up setgroups(2) (user_namespaces(7)).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from hythe.errors import SystemProblem
from hythe.kernel.usernamespaces import Entry, Mapping, write

_USEFUL: Final = 65536


class Choice(NamedTuple):
    """`subordinate` is None for the one id; `warning` says why and what to type then."""

    subordinate: Mapping | None
    warning: str = ""


def choose(uid: int, folder: Path = Path("/etc")) -> Choice:
    """What user `uid` can have here."""
    user, gid = name_of(uid), os.getgid()
    uids = _ranges(folder / "subuid", user, uid)
    gids = _ranges(folder / "subgid", user, uid)
    only = "all in containers belongs to one id, and its processes keep your groups"
    if not uids or not gids:
        missing = "/etc/subuid" if not uids else "/etc/subgid"
        return Choice(
            None,
            f"user {user} has no range in {missing}, so {only}; to give it one: "
            f"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}",
        )
    if not shutil.which("newuidmap") or not shutil.which("newgidmap"):
        return Choice(
            None, f"newuidmap is not installed, so {only}; to install it: sudo apt-get install uidmap"
        )
    return Choice(Mapping(_entries(uid, uids), _entries(gid, gids)))


def name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _ranges(path: Path, user: str, uid: int) -> list[tuple[int, int]]:
    """(first, count) of each of the user's lines."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        name, _, rest = line.strip().partition(":")
        first, _, count = rest.partition(":")
        if name in (user, str(uid)) and first.isdigit() and count.isdigit() and int(count):
            found.append((int(first), int(count)))
    return found


def _entries(own: int, ranges: list[tuple[int, int]]) -> tuple[Entry, ...]:
    entries, inside = [Entry(0, own, 1)], 1
    for first, count in ranges:
        entries.append(Entry(inside, first, count))
        inside += count
    return tuple(entries)


def write_subordinate(pid: int, mapping: Mapping) -> None:
    """Give the new user namespace of `pid` the mapping, from outside. Raises SystemProblem with the program's words."""
    for program, entries in (("newuidmap", mapping.uids), ("newgidmap", mapping.gids)):
        numbers = [str(number) for entry in entries for number in entry]
        done = subprocess.run([program, str(pid), *numbers], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemProblem(
                f"{program} failed: {done.stderr.strip() or done.returncode}",
                hint=f"{program} has to be setuid root or have file capabilities: "
                "sudo apt-get install --reinstall uidmap",
            )


def write_single(uid: int, gid: int) -> None:
    """This process's new user namespace gets the one id. Raises OSError."""
    Path("/proc/self/setgroups").write_text("deny")
    write(os.getpid(), Mapping((Entry(0, uid, 1),), (Entry(0, gid, 1),)))
