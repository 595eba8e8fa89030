"""Writing picked files into an image, as COPY and ADD do.

Where things land (Dockerfile reference, "COPY"): a directory's *contents* go into the destination, which is
made with its parents; a file goes into the destination if that ends in a slash or is a directory, else it
becomes the destination. A link in the image on the way to the destination is followed inside the image; a
file or link in the place of a copied file is replaced; a directory that exists keeps its owner and mode.

Everything is written through descriptors below the image's root (`tree.py`).
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from dataclasses import dataclass, field
from typing import Final

from hythe.build.content import attributes, open_entry, read_link
from hythe.build.context import Entry, Pick
from hythe.build.owners import Chmod
from hythe.build.tree import ROOT, Owner, Tree
from hythe.errors import InvalidArgument
from hythe.kernel import paths
from hythe.kernel.owners import chown

_CHUNK: Final = 1 << 24
_NO_FAST_COPY: Final = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)


@dataclass
class Copier:
    """Copies into `image`. `owner` None keeps what a source that keeps owners has, else root's."""

    image: Tree
    owner: Owner | None = None
    chmod: Chmod | None = None
    parents: bool = False
    _made: list[tuple[str, os.stat_result]] = field(default_factory=list)
    _linked: dict[tuple[int, int], str] = field(default_factory=dict)

    def copy(self, pick: Pick, destination: str, *, into: bool) -> None:
        """Write it to the absolute path `destination`; `into`: it was written with a slash at its end."""
        self._made, self._linked = [], {}
        if self.parents:
            target = self._with_parents(pick, destination)
        elif pick.is_directory:
            target = destination
        elif into or self.image.is_directory(destination):
            target = posixpath.join(destination, posixpath.basename(pick.asked))
        else:
            target = self.image.follow(destination)
        top = pick.entries[0]
        folder = target if top.is_directory else posixpath.dirname(target)
        try:
            self._folder(folder, top if top.is_directory else None, pick)
            for entry in pick.entries:
                self._entry(pick, entry, posixpath.join(target, entry.below) if entry.below else target)
            for path, status in reversed(self._made):
                self._times(path, status)
        except (NotADirectoryError, IsADirectoryError) as error:
            raise InvalidArgument(
                f"cannot copy to {error.filename or target}: {'not ' if error.errno == errno.ENOTDIR else ''}"
                "a directory in the image"
            ) from error

    def _with_parents(self, pick: Pick, destination: str) -> str:
        """--parents: the source's path is kept below the destination, from "/./" on if it is in there."""
        return posixpath.join(destination, *pick.asked.split("/")[pick.pivot :])

    def _folder(self, path: str, like: Entry | None, pick: Pick) -> None:
        """The directory that receives the copy; if it is made for a source directory, it takes after that."""
        if self.image.is_directory(path):
            return
        self.image.make_directory(posixpath.dirname(path), self.owner or ROOT)
        if self.image.make_directory(path, self.owner or ROOT) and like is not None:
            self._attributes(path, like, pick)
            self._made.append((path, like.status))

    def _entry(self, pick: Pick, entry: Entry, target: str) -> None:
        if entry.is_directory:
            if entry.below and self.image.make_directory(target):
                self._attributes(target, entry, pick)
                self._made.append((target, entry.status))
            elif entry.below and not self.image.is_directory(target):
                raise NotADirectoryError(errno.ENOTDIR, "not a directory", target)
            return
        folder, name = posixpath.split(target)
        parent = paths.locate(self.image.descriptor, folder, flags=os.O_DIRECTORY)
        try:
            self._make_way(parent, name, target)
            self._write(pick, entry, parent, name, target)
        finally:
            os.close(parent)

    def _make_way(self, parent: int, name: str, target: str) -> None:
        try:
            os.unlink(name, dir_fd=parent)
        except FileNotFoundError:
            pass
        except IsADirectoryError as error:
            raise IsADirectoryError(errno.EISDIR, "is a directory", target) from error

    def _write(self, pick: Pick, entry: Entry, parent: int, name: str, target: str) -> None:
        status = entry.status
        if stat.S_ISREG(status.st_mode):
            if status.st_nlink > 1 and self._link(pick, entry, parent, name, target):
                return
            self._regular(pick, entry, parent, name)
            return
        if stat.S_ISLNK(status.st_mode):
            os.symlink(read_link(pick.source.tree, entry.path), name, dir_fd=parent)
        elif stat.S_ISSOCK(status.st_mode):
            raise InvalidArgument(f"{entry.path} is a socket, which an image cannot hold")
        else:
            os.mknod(name, status.st_mode, status.st_rdev, dir_fd=parent)
            os.chmod(name, self._mode(entry), dir_fd=parent)
        owner = self._owner(entry, pick)
        chown(name, owner.uid, owner.gid, dir_fd=parent, follow_symlinks=False)
        times = (status.st_atime_ns, status.st_mtime_ns)
        os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)

    def _link(self, pick: Pick, entry: Entry, parent: int, name: str, target: str) -> bool:
        """Make a hard link if another name of the same file has been copied already."""
        key = (entry.status.st_dev, entry.status.st_ino)
        first = self._linked.setdefault(key, target)
        if first == target:
            return False
        folder, first_name = posixpath.split(first)
        descriptor = paths.locate(self.image.descriptor, folder, flags=os.O_DIRECTORY)
        try:
            os.link(first_name, name, src_dir_fd=descriptor, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(descriptor)
        return True

    def _regular(self, pick: Pick, entry: Entry, parent: int, name: str) -> None:
        origin = open_entry(pick.source.tree, entry)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            copy = os.open(name, flags, 0o600, dir_fd=parent)
            try:
                _content(origin, copy)
                owner = self._owner(entry, pick)
                chown(copy, owner.uid, owner.gid)
                os.fchmod(copy, self._mode(entry))
                for key, value in attributes(origin):
                    os.setxattr(copy, key, value)
                os.utime(copy, ns=(entry.status.st_atime_ns, entry.status.st_mtime_ns))
            finally:
                os.close(copy)
        finally:
            os.close(origin)

    def _attributes(self, path: str, entry: Entry, pick: Pick) -> None:
        descriptor = self.image.directory(path)
        try:
            owner = self._owner(entry, pick)
            chown(descriptor, owner.uid, owner.gid)
            os.fchmod(descriptor, self._mode(entry))
        finally:
            os.close(descriptor)

    def _times(self, path: str, status: os.stat_result) -> None:
        descriptor = self.image.directory(path)
        try:
            os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        finally:
            os.close(descriptor)

    def _owner(self, entry: Entry, pick: Pick) -> Owner:
        if self.owner is not None:
            return self.owner
        return Owner(entry.status.st_uid, entry.status.st_gid) if pick.source.keeps_owner else ROOT

    def _mode(self, entry: Entry) -> int:
        mode = stat.S_IMODE(entry.status.st_mode)
        return self.chmod(mode, entry.is_directory) if self.chmod else mode


def _content(origin: int, copy: int) -> None:
    """All bytes from one descriptor to the other, by copy_file_range(2) (reflinks) where it can."""
    try:
        while os.copy_file_range(origin, copy, _CHUNK):
            pass
    except OSError as error:
        if error.errno not in _NO_FAST_COPY:
            raise
        while data := os.read(origin, 1 << 20):
            os.write(copy, data)
