"""What files *are*, as one digest: the part of a cache key that COPY, ADD and bind mounts bring.

Path, type, permissions, content, link target and extended attributes count, and the owner where it is kept;
times do not, so that a fresh checkout of the same files hits the cache.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from typing import Final

from hythe.build.context import Entry, Pick
from hythe.build.tree import Tree
from hythe.errors import Unavailable

_KEPT_ATTRIBUTES: Final = ("user.", "security.capability")


def digest(picks: Iterable[Pick], *, owners: bool) -> str:
    """64 hexadecimal characters for everything picked; `owners`: whether numeric owners count."""
    total = hashlib.sha256()
    for pick in picks:
        for entry in pick.entries:
            _add(total, os.fsencode(pick.asked), os.fsencode(entry.below))
            _entry(total, pick.source.tree, entry, owners and pick.source.keeps_owner)
    return total.hexdigest()


def _entry(total: hashlib._Hash, tree: Tree, entry: Entry, owner: bool) -> None:
    status = entry.status
    _add(total, f"{status.st_mode:o}".encode())
    if owner:
        _add(total, f"{status.st_uid}:{status.st_gid}".encode())
    if stat.S_ISLNK(status.st_mode):
        _add(total, os.fsencode(read_link(tree, entry.path)))
    elif stat.S_ISREG(status.st_mode):
        _file(total, tree, entry)
    elif not stat.S_ISDIR(status.st_mode):
        _add(total, f"{status.st_rdev}".encode())


def _file(total: hashlib._Hash, tree: Tree, entry: Entry) -> None:
    descriptor = open_entry(tree, entry)
    with open(descriptor, "rb") as file:
        for name, value in attributes(descriptor):
            _add(total, name.encode(), value)
        _add(total, hashlib.file_digest(file, "sha256").digest())


def open_entry(tree: Tree, entry: Entry) -> int:
    """A readable descriptor of a scanned regular file. Unavailable if it has changed its kind or gone."""
    try:
        return tree.file(entry.path)
    except OSError as error:
        raise Unavailable(f"{entry.path} changed while the image was built: {error.strerror}") from error


def read_link(tree: Tree, path: str) -> str:
    """Where the link itself at `path` points to; `path` has no other links in it."""
    folder, _, name = path.rpartition("/")
    descriptor = tree.directory(folder)
    try:
        return os.readlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def attributes(descriptor: int) -> list[tuple[str, bytes]]:
    """The extended attributes that go along with a file: the user's, and capabilities."""
    try:
        names = os.listxattr(descriptor)
        kept = sorted(name for name in names if name.startswith(_KEPT_ATTRIBUTES))
        return [(name, os.getxattr(descriptor, name)) for name in kept]
    except OSError:
        return []  # a file system without extended attributes


def _add(total: hashlib._Hash, *parts: bytes) -> None:
    """Length before content, so that no two sequences of parts look the same."""
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
