"""Mounts as /proc/PID/mountinfo lists them (proc_pid_mountinfo(5)), and where what they show is on this side.

    36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    |  |  |    |     |     |          |          |    |         options of the file system
    |  |  |    |     |     |          |          |    source
    |  |  |    |     |     |          |          type
    |  |  |    |     |     |          propagation, any number of words
    |  |  |    |     |     options of the mount
    |  |  |    |     mount point, from the reader's root
    |  |  |    what of the file system is its root
    |  |  device
    |  parent
    id

A bind mount does not say where it came from: only its device and what of the file system it shows. `outside`
looks for a mount of the same file system on this side that shows the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_ESCAPE: Final = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class MountEntry:
    """One line. `propagation` is "shared:5", "master:1"..., none for a private mount."""

    id: int
    parent: int
    device: str
    root: str
    point: str
    options: tuple[str, ...]
    propagation: tuple[str, ...]
    type: str
    source: str
    filesystem_options: tuple[str, ...]


def _plain(text: str) -> str:
    """Blank, tab, newline and backslash are written in octal."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)


def parse_mountinfo(text: str) -> list[MountEntry]:
    """All lines, in the order in which they were mounted."""
    found = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        words, rest = left.split(" "), right.split(" ")
        if len(words) < 6 or len(rest) < 3:
            continue
        found.append(
            MountEntry(
                id=int(words[0]),
                parent=int(words[1]),
                device=words[2],
                root=_plain(words[3]),
                point=_plain(words[4]),
                options=tuple(words[5].split(",")),
                propagation=tuple(words[6:]),
                type=rest[0],
                source=_plain(rest[1]),
                filesystem_options=tuple(_plain(rest[2]).split(",")),
            )
        )
    return found


def read_mounts(pid: int | str) -> list[MountEntry]:
    with open(f"/proc/{pid}/mountinfo", "rb") as file:
        return parse_mountinfo(file.read().decode(errors="replace"))


def below(path: str, folder: str) -> str | None:
    """What is left of `path` below `folder`: "" for the folder itself, None where it is not below."""
    if folder == "/":
        return path if path != "/" else ""
    return path[len(folder) :] if path == folder or path.startswith(folder + "/") else None


def outside(entry: MountEntry, mounts: Iterable[MountEntry]) -> str | None:
    """A path on this side, where `mounts` are, that shows what `entry` shows elsewhere; None if there is none."""
    best: tuple[int, str] | None = None
    for mount in mounts:
        rest = below(entry.root, mount.root) if mount.device == entry.device else None
        if rest is not None and (best is None or len(mount.root) > best[0]):
            best = len(mount.root), (mount.point.rstrip("/") + rest) or "/"
    return best[1] if best else None
