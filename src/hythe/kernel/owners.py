"""chown(2) where an id may not exist: in a user namespace of one single id, everything belongs to that.

Elsewhere an id that does not exist is an error, as ever: files of the wrong owner would be worse than none.
"""

from __future__ import annotations

import errno
import os
from functools import cache


@cache
def single() -> bool:
    """Whether this process's user namespace has one id alone; it stays in the one that it is in."""
    with open("/proc/self/uid_map", "rb", buffering=0) as file:
        return sum(int(line.split()[2]) for line in file.read().splitlines()) == 1


def chown(
    path: str | int | os.PathLike[str],
    uid: int,
    gid: int,
    *,
    dir_fd: int | None = None,
    follow_symlinks: bool = True,
) -> None:
    """os.chown; of a descriptor too."""
    try:
        os.chown(path, uid, gid, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    except OSError as error:
        if error.errno != errno.EINVAL or not single():
            raise
