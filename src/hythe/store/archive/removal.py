"""Removing whole trees by descriptor, so that a link swapped in on the way leads nowhere.

A directory's tree is walked with openat(2), O_NOFOLLOW, depth first and without recursion: an archive can nest
directories deeper than Python's stack or PATH_MAX.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_at(parent: int, name: str) -> None:
    """Remove `name` in the directory `parent`, whatever it is. Raises OSError."""
    if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
        os.unlink(name, dir_fd=parent)
        return
    _empty(parent, name)
    os.rmdir(name, dir_fd=parent)


def remove_tree(path: Path) -> None:
    """Remove `path` and all below it; what is not there is no error. Raises OSError."""
    try:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        remove_at(parent, path.name)
    except FileNotFoundError:
        pass
    finally:
        os.close(parent)


def _empty(parent: int, name: str) -> None:
    """Go down by openat, come up by "..": one descriptor is open at a time, however deep the tree is.

    If ".." is not where we came from, somebody has moved the directory meanwhile: ESTALE, and nothing is removed.
    """
    here = os.open(name, _OPEN, dir_fd=parent)
    path: list[tuple[str, os.stat_result]] = []
    try:
        pending = [_clear_files(here)]
        while pending:
            if pending[-1]:
                below = pending[-1].pop()
                path.append((below, os.fstat(here)))
                here = _move(here, below)
                pending.append(_clear_files(here))
                continue
            pending.pop()
            if path:
                below, came_from = path.pop()
                here = _move(here, "..")
                if not os.path.samestat(os.fstat(here), came_from):
                    raise OSError(errno.ESTALE, "moved while being removed", below)
                os.rmdir(below, dir_fd=here)
    finally:
        os.close(here)


def _clear_files(folder: int) -> list[str]:
    """Unlink all files in the directory; the names of the directories in it."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        if not is_directory:
            os.unlink(name, dir_fd=folder)
    return [name for name, is_directory in found if is_directory]


def _move(here: int, name: str) -> int:
    there = os.open(name, _OPEN, dir_fd=here)
    os.close(here)
    return there
