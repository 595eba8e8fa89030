"""Copying the files of one directory into another, both by descriptor, with all that belongs to a file.

Contents (holes stay holes where the file system tells of them), owners, modes, times, extended attributes and hard
links within the tree. No link is followed. What is in the way stays: a copy that was cut short can be done again.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from typing import Final

from hythe.errors import SystemProblem
from hythe.kernel.owners import chown
from hythe.kernel.paths import RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, locate
from hythe.store.archive.unpack import DROPPED, set_mode

_CHUNK: Final = 1 << 24
_DEPTH: Final = 256
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FAST_COPY: Final = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)
_STAY: Final = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS
_PARTIAL: Final = ".hythe-partial"


@dataclass
class Copier:
    """One copy. Names that are in the destination already are left as they are."""

    source: int
    destination: int
    _linked: dict[tuple[int, int], str] = field(default_factory=dict)

    def run(self) -> None:
        """Copy all that is in the directory `source` into the directory `destination`, and its attributes."""
        status = os.fstat(self.source)
        self._entries(self.source, self.destination, "")
        self._finish(self.source, self.destination, status)

    def _entries(self, source: int, destination: int, path: str) -> None:
        if path.count("/") > _DEPTH:
            raise SystemProblem(f"directories are nested more than {_DEPTH} deep")
        for name in sorted(os.listdir(source)):
            status = os.lstat(name, dir_fd=source)
            if stat.S_ISDIR(status.st_mode):
                self._directory(source, destination, path + name, status)
            elif not stat.S_ISSOCK(status.st_mode) and not _exists(destination, name):
                self._one(source, destination, path + name, status)

    def _directory(self, source: int, destination: int, path: str, status: os.stat_result) -> None:
        name = path.rpartition("/")[2]
        try:
            os.mkdir(name, 0o700, dir_fd=destination)
        except FileExistsError:
            if not stat.S_ISDIR(os.lstat(name, dir_fd=destination).st_mode):
                return
        origin = os.open(name, _DIRECTORY, dir_fd=source)
        try:
            copy = os.open(name, _DIRECTORY, dir_fd=destination)
            try:
                self._entries(origin, copy, path + "/")
                self._finish(origin, copy, status)
            finally:
                os.close(copy)
        finally:
            os.close(origin)

    def _one(self, source: int, destination: int, path: str, status: os.stat_result) -> None:
        name = path.rpartition("/")[2]
        if status.st_nlink > 1 and self._link(destination, path, status):
            return
        if stat.S_ISREG(status.st_mode):
            self._file(source, destination, name, status)
            return
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=destination)
        else:
            os.mknod(name, status.st_mode, status.st_rdev, dir_fd=destination)
        chown(name, status.st_uid, status.st_gid, dir_fd=destination, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            set_mode(destination, name, stat.S_IMODE(status.st_mode))
        times = (status.st_atime_ns, status.st_mtime_ns)
        os.utime(name, ns=times, dir_fd=destination, follow_symlinks=False)

    def _file(self, source: int, destination: int, name: str, status: os.stat_result) -> None:
        """Under another name first: a file that has its name is whole."""
        try:
            os.unlink(_PARTIAL, dir_fd=destination)
        except FileNotFoundError:
            pass
        origin = os.open(name, _READ, dir_fd=source)
        try:
            copy = os.open(_PARTIAL, _CREATE, 0o600, dir_fd=destination)
            try:
                _content(origin, copy, status.st_size)
                self._finish(origin, copy, status)
            finally:
                os.close(copy)
        finally:
            os.close(origin)
        os.rename(_PARTIAL, name, src_dir_fd=destination, dst_dir_fd=destination)

    def _finish(self, origin: int, copy: int, status: os.stat_result) -> None:
        """Owner first: chown(2) takes setuid bits and capabilities away."""
        chown(copy, status.st_uid, status.st_gid)
        os.fchmod(copy, stat.S_IMODE(status.st_mode))
        _attributes(origin, copy)
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _link(self, destination: int, path: str, status: os.stat_result) -> bool:
        """Make a hard link if another name of the same file has been copied."""
        name = path.rpartition("/")[2]
        first = self._linked.setdefault((status.st_dev, status.st_ino), path)
        if first == path:
            return False
        folder, _, first_name = first.rpartition("/")
        place = locate(self.destination, folder or ".", resolve=_STAY)
        try:
            os.link(first_name, name, src_dir_fd=place, dst_dir_fd=destination, follow_symlinks=False)
        finally:
            os.close(place)
        return True


def _attributes(origin: int, copy: int) -> None:
    """Extended attributes, but overlay's own and those that the destination's file system cannot have."""
    for name in os.listxattr(origin):
        if name.startswith(DROPPED):
            continue
        try:
            os.setxattr(copy, name, os.getxattr(origin, name))
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise


def _exists(folder: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def _content(origin: int, copy: int, size: int) -> None:
    """The bytes, data by data: what lies between is a hole (lseek(2), SEEK_DATA)."""
    position = 0
    while position < size:
        try:
            start = os.lseek(origin, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break  # a hole up to the end
            if error.errno != errno.EINVAL:
                raise
            start, end = position, size
        else:
            end = os.lseek(origin, start, os.SEEK_HOLE)
        _span(origin, copy, start, end)
        position = end
    os.ftruncate(copy, size)


def _span(origin: int, copy: int, start: int, end: int) -> None:
    """copy_file_range(2) shares blocks where the file system can; else read and write."""
    position = start
    while position < end:
        try:
            count = os.copy_file_range(origin, copy, min(end - position, _CHUNK), position, position)
        except OSError as error:
            if error.errno not in _NO_FAST_COPY:
                raise
            count = os.pwrite(copy, os.pread(origin, min(end - position, _CHUNK >> 4), position), position)
        if not count:
            return  # became shorter
        position += count
