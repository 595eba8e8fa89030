"""fsGroup: a volume's files belong to the pod's group, and are readable and writable for it.

Folders get the setgid bit, so that new files belong to it too. With fsGroupChangePolicy OnRootMismatch nothing is
walked through where the top already fits. Another pod may be at work in the same volume: each file is pinned by a
descriptor before it is changed, so a link that takes its place leads nowhere. Source: pkg/volume/volume_linux.go of
Kubernetes.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_READ_WRITE = 0o660
_FOLDER = stat.S_ISGID | 0o110


def give(folder: Path, group: int, *, only_on_mismatch: bool = False) -> None:
    """All of `folder`. Raises OSError."""
    if only_on_mismatch and _fits(folder, group):
        return
    for _, folders, files, at in os.fwalk(folder, topdown=False, follow_symlinks=False):
        for name in [*files, *folders]:
            _one(name, group, at)
    _one(str(folder), group, None)


def _fits(folder: Path, group: int) -> bool:
    found = os.lstat(folder)
    return found.st_gid == group and found.st_mode & (_READ_WRITE | _FOLDER) == _READ_WRITE | _FOLDER


def _one(name: str, group: int, at: int | None) -> None:
    """A file that has gone meanwhile is passed over."""
    try:
        pinned = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
    except FileNotFoundError:
        return
    try:
        found = os.fstat(pinned)
        if stat.S_ISLNK(found.st_mode):
            return  # whose group a link is of matters to nobody
        own = f"/proc/self/fd/{pinned}"
        os.chown(own, -1, group)
        mask = _READ_WRITE | (_FOLDER if stat.S_ISDIR(found.st_mode) else 0)
        Path(own).chmod(stat.S_IMODE(found.st_mode) | mask)
    finally:
        os.close(pinned)
