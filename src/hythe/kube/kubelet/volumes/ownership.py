"""fsGroup: a volume's files belong to the pod's group, and are readable and writable for it.

Folders get the setgid bit, so that new files belong to it too. With fsGroupChangePolicy OnRootMismatch nothing is
walked through where the top already fits. Links are not followed. Source: pkg/volume/volume_linux.go of Kubernetes.
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
    for base, folders, files in os.walk(folder, topdown=False):
        for name in [*files, *folders]:
            _one(os.path.join(base, name), group)
    _one(str(folder), group)


def _fits(folder: Path, group: int) -> bool:
    found = os.lstat(folder)
    return found.st_gid == group and found.st_mode & (_READ_WRITE | _FOLDER) == _READ_WRITE | _FOLDER


def _one(path: str, group: int) -> None:
    found = os.lstat(path)
    os.lchown(path, -1, group)
    if stat.S_ISLNK(found.st_mode):
        return
    mask = _READ_WRITE | (_FOLDER if stat.S_ISDIR(found.st_mode) else 0)
    Path(path).chmod(stat.S_IMODE(found.st_mode) | mask)
