"""Paths of /proc and /sys that a container may not read, or not write.

A masked file gets the null device on it, a masked directory an empty read-only tmpfs; a read-only path a
read-only copy of itself. Each is verified before use (CVE-2019-19921, CVE-2025-31133): what is masked below
/proc is reached from the descriptor of the mounted procfs, not by a path; and the null device bound is the
host's own, checked by its number, not whatever the container's /dev/null has become. A path that is not
there is passed over.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

from hythe.kernel import mounts, paths

_NULL: Final = os.makedev(1, 3)
_ABSENT: Final = (errno.ENOENT, errno.ENOTDIR, errno.EACCES)


class Targets:
    """Finds paths inside the root; those below /proc through the procfs mount `proc` (-1: there is none)."""

    def __init__(self, root: int, proc: int) -> None:
        if proc >= 0 and paths.file_system(proc) != paths.PROC:
            raise OSError(errno.EINVAL, "/proc is not procfs", "/proc")
        self._root = root
        self._proc = proc

    def find(self, path: str) -> int | None:
        """An O_PATH descriptor, or None where there is no such path. Links are followed nowhere in /proc."""
        try:
            if self._proc >= 0 and path.startswith("/proc/"):
                resolve = paths.RESOLVE_BENEATH | paths.RESOLVE_NO_SYMLINKS
                return paths.locate(self._proc, path.removeprefix("/proc/"), resolve=resolve)
            return paths.locate(self._root, path)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise


def host_null() -> int:
    """The host's /dev/null, opened before its root is left. Raises OSError when it is something else."""
    fd = os.open("/dev/null", os.O_PATH | os.O_CLOEXEC)
    status = os.fstat(fd)
    if not stat.S_ISCHR(status.st_mode) or status.st_rdev != _NULL:
        raise OSError(errno.ENODEV, "is not the null device", "/dev/null")
    return fd


def cover(root: int, proc: int, null: int, masked: list[str], read_only: list[str]) -> None:
    """Both, in the order that lets a masked path lie below a read-only one."""
    targets = Targets(root, proc)
    make_read_only(targets, read_only)
    mask(targets, null, masked)


def mask(targets: Targets, null: int, masked: list[str]) -> None:
    """Hide every path in `masked`."""
    empty = -1
    for path in masked:
        target = targets.find(path)
        if target is None:
            continue
        if stat.S_ISDIR(os.fstat(target).st_mode):
            if empty < 0:
                cover = empty = mounts.filesystem(
                    "tmpfs", (("source", "tmpfs"), ("size", "0")), mounts.MOUNT_ATTR_RDONLY
                )
            else:
                cover = mounts.clone("", dirfd=empty)
        else:
            cover = mounts.clone("", dirfd=null)
        mounts.attach(cover, target, name=path)
        os.close(target)
        if cover != empty:
            os.close(cover)


def make_read_only(targets: Targets, read_only: list[str]) -> None:
    """Cover every path in `read_only` with a read-only copy of itself and of what is mounted below."""
    for path in read_only:
        target = targets.find(path)
        if target is None:
            continue
        copy = mounts.clone("", dirfd=target, recursive=True)
        mounts.set_attributes(copy, add=mounts.MOUNT_ATTR_RDONLY, recursive=True)
        mounts.attach(copy, target, name=path)
        os.close(copy)
        os.close(target)
