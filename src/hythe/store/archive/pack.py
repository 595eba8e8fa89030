"""A directory, by its descriptor, to a deterministic archive: the same files always give the same bytes.

Entries come in the order of their names' bytes, each directory before what is in it. Times are whole seconds, as
in docker's layers, owners are numbers without names. The second and further names of a file are hard links to the
first. Sockets are left out. Overlay's whiteouts and opaque directories become those of the image-spec again, and
overlay's own attributes are left out, so a writable directory packs to the layer that it is.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from typing import Final

from hythe.errors import SystemProblem
from hythe.kernel.overlay import opaque_attribute
from hythe.kernel.paths import RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, openat2
from hythe.store.archive.entry import OPAQUE, WHITEOUT, Entry, Kind
from hythe.store.archive.unpack import DROPPED
from hythe.store.archive.writer import Writer

_CHUNK: Final = 1 << 20
_DEPTH: Final = 256
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS: Final = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFCHR: Kind.CHARACTER,
    stat.S_IFBLK: Kind.BLOCK,
    stat.S_IFIFO: Kind.FIFO,
}


@dataclass
class Packer:
    """Writes the files below a directory to `writer`. `size` is the bytes of file content so far.

    `whiteouts`: the directory is a layer. `epoch`: no time is later than this (seconds since the epoch).
    `one_mount`: what is mounted below the directory is written as the empty place that it covers.
    """

    writer: Writer
    whiteouts: bool = False
    epoch: int | None = None
    one_mount: bool = False
    size: int = 0
    _seen: dict[tuple[int, int], str] = field(default_factory=dict)
    _buffer: bytearray = field(default_factory=lambda: bytearray(_CHUNK))

    def root(self, descriptor: int) -> None:
        """An entry "./" for the directory itself."""
        self.writer.add(self._entry("./", os.fstat(descriptor), self._attributes(descriptor)))

    def below(self, descriptor: int, prefix: str = "") -> None:
        """All entries of the directory, named `prefix` and their path; neither links nor mounts lead out of it."""
        if self.whiteouts and self._is_opaque(descriptor):
            self.writer.add(Entry(prefix + OPAQUE, mode=0))
        if prefix.count("/") > _DEPTH:
            raise SystemProblem(f"{prefix[:60]}... is nested more than {_DEPTH} directories deep")
        for name in sorted(os.listdir(descriptor), key=os.fsencode):
            try:
                status = os.lstat(name, dir_fd=descriptor)
            except FileNotFoundError:
                continue  # gone since it was listed: the files of a running container
            self._one(descriptor, name, prefix + name, status)

    def one(self, parent: int, name: str, path: str) -> None:
        """One file, or a directory with all that is in it, named `path`. The file must be there."""
        self._one(parent, name, path, os.lstat(name, dir_fd=parent))

    def _one(self, parent: int, name: str, path: str, status: os.stat_result) -> None:
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFDIR:
            self._directory(parent, name, path, status)
        elif kind == stat.S_IFCHR and status.st_rdev == 0 and self.whiteouts:
            folder, _, base = path.rpartition("/")
            self.writer.add(Entry(f"{folder}/{WHITEOUT}{base}" if folder else WHITEOUT + base, mode=0))
        elif kind in _KINDS and not self._linked(path, status):
            if kind == stat.S_IFREG:
                self._file(parent, name, path, status)
            else:
                self._special(parent, name, path, status)

    def _open(self, parent: int, name: str, flags: int) -> int | None:
        """A descriptor; None for what is mounted there, where mounts are not entered."""
        if not self.one_mount:
            return os.open(name, flags, dir_fd=parent)
        try:
            return openat2(parent, name, flags, resolve=RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS)
        except OSError as error:
            if error.errno == errno.EXDEV:
                return None
            raise

    def _directory(self, parent: int, name: str, path: str, status: os.stat_result) -> None:
        descriptor = self._open(parent, name, _DIRECTORY)
        if descriptor is None:
            self.writer.add(self._entry(path + "/", status, {}))
            return
        try:
            self.writer.add(self._entry(path + "/", status, self._attributes(descriptor)))
            self.below(descriptor, path + "/")
        finally:
            os.close(descriptor)

    def _linked(self, path: str, status: os.stat_result) -> bool:
        """Write a hard link if another name of the same file has been written."""
        if status.st_nlink < 2:
            return False
        first = self._seen.setdefault((status.st_dev, status.st_ino), path)
        if first == path:
            return False
        entry = self._entry(path, status, {})
        entry.kind, entry.link, entry.size = Kind.HARD_LINK, first, 0
        self.writer.add(entry)
        return True

    def _file(self, parent: int, name: str, path: str, status: os.stat_result) -> None:
        descriptor = self._open(parent, name, _FILE)
        if descriptor is None:
            self.writer.file(path, b"", mode=stat.S_IMODE(status.st_mode))
            return
        try:
            entry = self._entry(path, status, self._attributes(descriptor))
            self.writer.add(entry)
            left = entry.size
            view = memoryview(self._buffer)
            while left:
                count = os.readv(descriptor, [view[: min(left, _CHUNK)]])
                if not count:
                    raise SystemProblem(f"{path} became shorter while it was being read")
                self.writer.content(view[:count])
                left -= count
            self.size += entry.size
        finally:
            os.close(descriptor)

    def _special(self, parent: int, name: str, path: str, status: os.stat_result) -> None:
        attributes = self._attributes(f"/proc/self/fd/{parent}/{name}")
        entry = self._entry(path, status, attributes)
        if entry.kind is Kind.SYMLINK:
            entry.link = os.readlink(name, dir_fd=parent)
        self.writer.add(entry)

    def _entry(self, path: str, status: os.stat_result, attributes: dict[str, bytes]) -> Entry:
        kind = _KINDS[stat.S_IFMT(status.st_mode)]
        mtime = status.st_mtime_ns // 10**9
        if self.epoch is not None:
            mtime = min(mtime, self.epoch)
        return Entry(
            path,
            kind,
            mode=stat.S_IMODE(status.st_mode),
            uid=status.st_uid,
            gid=status.st_gid,
            size=status.st_size if kind is Kind.FILE else 0,
            mtime=mtime * 10**9,
            major=os.major(status.st_rdev),
            minor=os.minor(status.st_rdev),
            xattrs=attributes,
        )

    def _attributes(self, place: int | str) -> dict[str, bytes]:
        """Extended attributes but overlay's own."""
        try:
            found = (
                os.listxattr(place) if isinstance(place, int) else os.listxattr(place, follow_symlinks=False)
            )
        except OSError as error:
            if error.errno == errno.EOPNOTSUPP:
                return {}
            raise
        return {name: _value(place, name) for name in found if not name.startswith(DROPPED)}

    def _is_opaque(self, descriptor: int) -> bool:
        try:
            return os.getxattr(descriptor, opaque_attribute()) == b"y"
        except OSError as error:
            if error.errno in (errno.ENODATA, errno.EOPNOTSUPP):
                return False
            raise


def _value(place: int | str, name: str) -> bytes:
    return (
        os.getxattr(place, name)
        if isinstance(place, int)
        else os.getxattr(place, name, follow_symlinks=False)
    )


def pack_layer(directory: int, writer: Writer, *, with_root: bool = False) -> int:
    """The whole archive of a layer's directory, end marker and all; the bytes of file content.

    `with_root`: with an entry for the directory itself, when it differs from that of the layers below.
    """
    packer = Packer(writer, whiteouts=True)
    if with_root:
        packer.root(directory)
    packer.below(directory)
    writer.close()
    return packer.size


def pack_tree(directory: int, writer: Writer) -> int:
    """The whole archive of a directory as it is seen, for `docker export`; the bytes of file content."""
    packer = Packer(writer, one_mount=True)
    packer.below(directory)
    writer.close()
    return packer.size
