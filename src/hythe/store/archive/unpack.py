"""Entries to files below a directory descriptor, such that no archive can write anywhere else.

Every parent directory is found by openat2(2) with RESOLVE_IN_ROOT and pinned by its descriptor; the last part of a
path is never followed. A path that would climb out by ".." is refused, a leading "/" means the root given. What an
entry finds in its place is replaced, as tar does it; a directory that is there stays and takes the new attributes.

Whiteouts (image-spec, layer.md, "Whiteouts") become what overlayfs understands: ".wh.NAME" a character device 0/0
named NAME, ".wh..wh..opq" the attribute for that (`kernel.overlay`) on its directory. Attributes of overlayfs that an
archive itself carries are dropped: they would reach into other layers.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

from hythe.errors import from_os
from hythe.kernel.overlay import opaque_attribute
from hythe.kernel.owners import chown
from hythe.kernel.paths import directory_in_root, locate
from hythe.store.archive.entry import OPAQUE, WHITEOUT, BadArchive, Entry, Kind
from hythe.store.archive.reader import Reader
from hythe.store.archive.removal import remove_at

DROPPED: Final = ("trusted.overlay.", "user.overlay.")
_AUFS: Final = ".wh..wh."
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Unpacker:
    """Writes entries below the directory descriptor `root`, which stays the caller's.

    `whiteouts`: the archive is an image's layer; without it, names that begin with ".wh." are names like others.
    `owners`: keep the archive's owners (needs root). `size` is the bytes of file content so far;
    `root_given` tells whether the archive says what the root directory's attributes are.
    """

    def __init__(
        self, root: int, *, whiteouts: bool = False, owners: bool = True, devices: bool = True
    ) -> None:
        self._root, self._whiteouts, self._owners, self._devices = root, whiteouts, owners, devices
        self._parent, self._parent_path = -1, ""
        self._folders: dict[str, int] = {}
        self.size = 0
        self.root_given = False

    def run(self, reader: Reader) -> None:
        """Write all entries. Raises BadArchive, NoSpace, SystemProblem; what was written until then stays."""
        try:
            for entry in reader:
                self._one(entry, reader)
            self._set_times()
        except OSError as error:
            raise from_os(error, "unpack") from error
        finally:
            self._forget_parent()

    def _one(self, entry: Entry, reader: Reader) -> None:
        path = _normal(entry.path)
        if not path:
            if entry.kind is not Kind.DIRECTORY:
                raise BadArchive(f"{entry.path!r}: the archive replaces its own root directory")
            self._attributes_of_root(entry)
            return
        folder, _, name = path.rpartition("/")
        try:
            parent = self._open_parent(folder)
            if self._whiteouts and name.startswith(WHITEOUT):
                self._whiteout(parent, name, entry)
            else:
                self._write(parent, name, path, entry, reader)
        except OSError as error:
            if error.errno in _FULL:
                raise
            raise OSError(error.errno, error.strerror, entry.path) from error

    # ---- where ----------------------------------------------------------------------------------

    def _open_parent(self, folder: str) -> int:
        """The descriptor of the entry's directory; kept, since neighbours come one after the other."""
        if self._parent < 0 or folder != self._parent_path:
            self._forget_parent()
            self._parent, self._parent_path = directory_in_root(self._root, folder or "."), folder
        return self._parent

    def _forget_parent(self) -> None:
        if self._parent >= 0:
            os.close(self._parent)
            self._parent = -1

    def _clear(self, parent: int, name: str) -> bool:
        """Remove what is in the entry's place; whether that was a whiteout."""
        try:
            status = os.lstat(name, dir_fd=parent)
        except FileNotFoundError:
            return False
        remove_at(parent, name)
        if stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode):
            self._folders = {
                path: time for path, time in self._folders.items() if not self._is_below(path, name)
            }
        return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0

    def _is_below(self, path: str, name: str) -> bool:
        gone = f"{self._parent_path}/{name}" if self._parent_path else name
        return path == gone or path.startswith(gone + "/")

    # ---- what -----------------------------------------------------------------------------------

    def _whiteout(self, parent: int, name: str, entry: Entry) -> None:
        if name == OPAQUE:
            os.setxattr(f"/proc/self/fd/{parent}", opaque_attribute(), b"y")
            return
        if name.startswith(_AUFS):
            return  # aufs's own bookkeeping, which says nothing about files (layer.md reserves the prefix)
        hidden = name.removeprefix(WHITEOUT)
        if hidden in ("", ".", ".."):
            raise BadArchive(f"{entry.path}: the archive has a whiteout that names no file")
        self._clear(parent, hidden)
        os.mknod(hidden, stat.S_IFCHR, 0, dir_fd=parent)

    def _write(self, parent: int, name: str, path: str, entry: Entry, reader: Reader) -> None:
        if entry.kind is Kind.FILE:
            self._file(parent, name, entry, reader)
        elif entry.kind is Kind.DIRECTORY:
            self._directory(parent, name, entry)
            self._folders[path] = entry.mtime
        elif entry.kind is Kind.HARD_LINK:
            self._hard_link(parent, name, entry)
        else:
            self._special(parent, name, entry)

    def _file(self, parent: int, name: str, entry: Entry, reader: Reader) -> None:
        try:
            descriptor = os.open(name, _CREATE, 0o600, dir_fd=parent)
        except FileExistsError:
            self._clear(parent, name)
            descriptor = os.open(name, _CREATE, 0o600, dir_fd=parent)
        try:
            reader.copy(lambda piece: _write_all(descriptor, piece))
            self._attributes(descriptor, entry)
            os.utime(descriptor, ns=(entry.mtime, entry.mtime))
        finally:
            os.close(descriptor)
        self.size += entry.size

    def _directory(self, parent: int, name: str, entry: Entry) -> None:
        opaque = False
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
                opaque = self._clear(parent, name)
                os.mkdir(name, 0o700, dir_fd=parent)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=parent)
        try:
            if opaque and self._whiteouts:
                os.setxattr(descriptor, opaque_attribute(), b"y")
            self._attributes(descriptor, entry)
        finally:
            os.close(descriptor)

    def _hard_link(self, parent: int, name: str, entry: Entry) -> None:
        target = _normal(entry.link)
        folder, _, target_name = target.rpartition("/")
        try:
            origin = locate(self._root, folder or ".", flags=os.O_DIRECTORY)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BadArchive(
                f"{entry.path}: hard link to {entry.link!r}, which is not in the archive"
            ) from error
        try:
            there = os.lstat(target_name, dir_fd=origin) if target_name else None
            if there is None or stat.S_ISDIR(there.st_mode):
                raise BadArchive(f"{entry.path}: hard link to the directory {entry.link!r}")
            if self._same(parent, name, there):
                return
            self._clear(parent, name)
            os.link(target_name, name, src_dir_fd=origin, dst_dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError as error:
            raise BadArchive(
                f"{entry.path}: hard link to {entry.link!r}, which is not in the archive"
            ) from error
        finally:
            os.close(origin)

    def _same(self, parent: int, name: str, there: os.stat_result) -> bool:
        """Whether the link is there already, or is to itself."""
        try:
            return os.path.samestat(os.lstat(name, dir_fd=parent), there)
        except FileNotFoundError:
            return False

    def _special(self, parent: int, name: str, entry: Entry) -> None:
        self._clear(parent, name)
        if entry.kind is Kind.SYMLINK:
            if not entry.link:
                raise BadArchive(f"{entry.path}: the archive has a symbolic link to nothing")
            os.symlink(entry.link, name, dir_fd=parent)
        elif entry.kind is Kind.FIFO:
            os.mkfifo(name, 0o600, dir_fd=parent)
        else:
            if not self._devices:
                raise BadArchive(f"{entry.path}: a device file has no place in this archive")
            kind = stat.S_IFCHR if entry.kind is Kind.CHARACTER else stat.S_IFBLK
            os.mknod(name, kind | 0o600, os.makedev(entry.major, entry.minor), dir_fd=parent)
        if self._owners:
            chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
        if entry.kind is not Kind.SYMLINK:
            set_mode(parent, name, entry.mode)
        self._extended(f"/proc/self/fd/{parent}/{name}", entry)
        os.utime(name, ns=(entry.mtime, entry.mtime), dir_fd=parent, follow_symlinks=False)

    # ---- attributes -----------------------------------------------------------------------------

    def _attributes_of_root(self, entry: Entry) -> None:
        descriptor = os.open(f"/proc/self/fd/{self._root}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._attributes(descriptor, entry)
        finally:
            os.close(descriptor)
        self._folders[""] = entry.mtime
        self.root_given = True

    def _attributes(self, descriptor: int, entry: Entry) -> None:
        """Owner first: chown(2) takes setuid bits and capabilities away."""
        if self._owners:
            chown(descriptor, entry.uid, entry.gid)
        os.fchmod(descriptor, entry.mode)
        if entry.xattrs:
            self._extended(descriptor, entry)

    def _extended(self, place: int | str, entry: Entry) -> None:
        """Extended attributes that this file system knows; others are left out, as docker does."""
        for name, value in entry.xattrs.items():
            if name.startswith(DROPPED):
                continue
            try:
                if isinstance(place, int):
                    os.setxattr(place, name, value)
                else:
                    os.setxattr(place, name, value, follow_symlinks=False)
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP:
                    raise

    def _set_times(self) -> None:
        """Directories last: what is written into them changes their times."""
        for path, mtime in self._folders.items():
            place = locate(self._root, path or ".", flags=os.O_DIRECTORY)
            try:
                os.utime(f"/proc/self/fd/{place}", ns=(mtime, mtime))
            finally:
                os.close(place)


def set_mode(parent: int, name: str, mode: int) -> None:
    """chmod(2) of `name` itself: were it swapped for a link, nothing would happen to what that names."""
    place = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        if not stat.S_ISLNK(os.fstat(place).st_mode):
            os.chmod(f"/proc/self/fd/{place}", mode)  # noqa: PTH101  the link of /proc is the point
    finally:
        os.close(place)


def unpack(reader: Reader, root: int, *, whiteouts: bool = False, owners: bool = True) -> int:
    """Write all entries below the directory descriptor `root`; the bytes of file content."""
    unpacker = Unpacker(root, whiteouts=whiteouts, owners=owners)
    unpacker.run(reader)
    return unpacker.size


def _normal(path: str) -> str:
    """The path from the root, without ".", ".." and double slashes. Raises BadArchive if it leads out."""
    if "./" not in path and "//" not in path and path[:1] not in ("/", ".") and not path.endswith("."):
        return path.rstrip("/")
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise BadArchive(f"{path!r}: the archive has a path that leads out of its root")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
