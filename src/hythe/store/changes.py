"""What a writable directory changes in the layers below it: the answer to `docker diff`, without a mount.

The rules are overlayfs's (kernel documentation, "whiteouts and opaque directories"): a character device 0/0 hides
what is below, an opaque directory all that is below in it. As in docker, a directory that was only passed through
on the way to a change counts as modified.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal, NamedTuple

from hythe.kernel.overlay import opaque_attribute
from hythe.kernel.paths import RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, locate

_ABSENT: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_STAY: Final = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS
MODIFIED: Final = 0
ADDED: Final = 1
DELETED: Final = 2


class Change(NamedTuple):
    """`path` is absolute in the container; `kind` 0 modified, 1 added, 2 deleted, as in docker's API."""

    path: str
    kind: Literal[0, 1, 2]


def changes(upper: Path, lowers: Sequence[Path]) -> list[Change]:
    """All changes, parents before what is in them. `lowers` topmost first."""
    with ExitStack() as stack:
        below = _Below(lowers, stack)
        found = {change.path: change for change in _walk(upper, "", below)}
    for path in list(found):
        while (path := os.path.dirname(path)) != "/":
            found.setdefault(path, Change(path, MODIFIED))
    return sorted(found.values())


def _walk(upper: Path, path: str, below: _Below) -> Iterator[Change]:
    here = upper / path if path else upper
    try:
        entries = list(os.scandir(here))
    except FileNotFoundError:
        return
    if path and _is_opaque(str(here)):
        shown = {entry.name for entry in entries}
        yield from (Change(f"/{path}/{name}", DELETED) for name in below.names(path) if name not in shown)
    for entry in entries:
        name = f"{path}/{entry.name}" if path else entry.name
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        before = below.status(name)
        if is_whiteout(status):
            if before is not None:
                yield Change("/" + name, DELETED)
            continue
        if before is None:
            yield Change("/" + name, ADDED)
        elif not _same_directory(status, before):
            yield Change("/" + name, MODIFIED)
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(upper, name, below)


def is_whiteout(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _same_directory(new: os.stat_result, old: os.stat_result) -> bool:
    """Whether overlay only copied the directory up, and nothing about itself changed."""
    return (
        stat.S_ISDIR(new.st_mode)
        and (new.st_mode, new.st_uid, new.st_gid) == (old.st_mode, old.st_uid, old.st_gid)
        and new.st_mtime_ns == old.st_mtime_ns
    )


def _is_opaque(path: str) -> bool:
    try:
        return os.getxattr(path, opaque_attribute(), follow_symlinks=False) == b"y"
    except OSError:
        return False


class _Below:
    """What layers show together, looked up path by path; no link in them is followed."""

    def __init__(self, lowers: Sequence[Path], stack: ExitStack) -> None:
        self._roots = []
        for path in lowers:
            root = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, root)
            self._roots.append(root)

    def status(self, path: str) -> os.stat_result | None:
        """What is at `path`; None if nothing."""
        for root in self._roots:
            found = self._in_layer(root, path)
            if found is not None:
                return None if is_whiteout(found) else found
            if self._hidden_below(root, os.path.dirname(path)):
                return None
        return None

    def names(self, path: str) -> set[str]:
        """The names in the directory `path`."""
        shown: set[str] = set()
        hidden: set[str] = set()
        for root in self._roots:
            status = self._in_layer(root, path)
            if status is not None and not stat.S_ISDIR(status.st_mode):
                break
            if status is not None:
                place = f"/proc/self/fd/{root}/{path}"
                for name in {entry.name for entry in Path(place).iterdir()} - shown - hidden:
                    (hidden if is_whiteout(os.lstat(f"{place}/{name}")) else shown).add(name)
            if self._hidden_below(root, path):
                break
        return shown

    def _in_layer(self, root: int, path: str) -> os.stat_result | None:
        try:
            place = locate(root, path or ".", resolve=_STAY, flags=os.O_NOFOLLOW)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise
        try:
            return os.fstat(place)
        finally:
            os.close(place)

    def _hidden_below(self, root: int, folder: str) -> bool:
        """Whether `folder` or one above it is opaque in this layer, or not a directory at all."""
        while folder:
            status = self._in_layer(root, folder)
            if status is not None and (
                not stat.S_ISDIR(status.st_mode) or _is_opaque(f"/proc/self/fd/{root}/{folder}")
            ):
                return True
            folder = os.path.dirname(folder)
        return False
