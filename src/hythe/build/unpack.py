"""Unpacking a tar archive into an image, for ADD.

Members go below the destination as the archive has them: owner, mode, time, links, devices. A name with ".."
is refused. Every path is resolved inside the image's root, so a link, whether the image had it or the archive
has just made it, leads nowhere else.
"""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import dataclass, field
from typing import Final

from hythe.build.content import open_entry
from hythe.build.context import Pick
from hythe.build.tree import ROOT, Owner, Tree
from hythe.errors import InvalidArgument
from hythe.kernel import paths
from hythe.store.archive import compression
from hythe.store.archive.entry import Entry, Kind
from hythe.store.archive.reader import Reader

_TYPES: Final = {Kind.CHARACTER: stat.S_IFCHR, Kind.BLOCK: stat.S_IFBLK, Kind.FIFO: stat.S_IFIFO}


def extract(pick: Pick, image: Tree, destination: str, owner: Owner | None) -> None:
    """Unpack the archive `pick` into the directory `destination`; `owner` replaces the members' own.

    Raises InvalidArgument for a broken archive or one that would write elsewhere.
    """
    unpacker = _Unpacker(image, destination, owner)
    with open(open_entry(pick.source.tree, pick.entries[0]), "rb") as file:
        reader = Reader(compression.plain(file))
        try:
            for entry in reader:
                unpacker.add(entry, reader)
        except (NotADirectoryError, IsADirectoryError) as error:
            raise InvalidArgument(f"cannot unpack {pick.asked}: {error}") from error
    unpacker.finish()


@dataclass
class _Unpacker:
    image: Tree
    destination: str
    owner: Owner | None
    _folders: list[tuple[str, int]] = field(default_factory=list)

    def add(self, entry: Entry, reader: Reader) -> None:
        target = self._target(entry.path)
        if entry.kind is Kind.DIRECTORY:
            self.image.make_directory(target, self.owner or ROOT)
            self._finish_directory(target, entry)
            return
        if target == self.destination:
            raise InvalidArgument(f"a member of the archive has no name: {entry.path!r}")
        folder, name = posixpath.split(target)
        self.image.make_directory(folder, self.owner or ROOT)
        parent = paths.locate(self.image.descriptor, folder, flags=os.O_DIRECTORY)
        try:
            self._make_way(parent, name)
            self._write(entry, reader, parent, name)
        finally:
            os.close(parent)

    def finish(self) -> None:
        """The times of directories, after everything has been put into them."""
        for path, time in reversed(self._folders):
            descriptor = self.image.directory(path)
            try:
                os.utime(descriptor, ns=(time, time))
            finally:
                os.close(descriptor)

    def _target(self, name: str) -> str:
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts or "\0" in name:
            raise InvalidArgument(f"the archive would write outside of its place: {name!r}")
        return posixpath.join(self.destination, *parts)

    def _make_way(self, parent: int, name: str) -> None:
        try:
            os.unlink(name, dir_fd=parent)
        except FileNotFoundError:
            pass

    def _finish_directory(self, target: str, entry: Entry) -> None:
        descriptor = self.image.directory(target)
        try:
            os.fchown(descriptor, *self._owner(entry))
            os.fchmod(descriptor, entry.mode)
        finally:
            os.close(descriptor)
        self._folders.append((target, entry.mtime))

    def _write(self, entry: Entry, reader: Reader, parent: int, name: str) -> None:
        if entry.kind is Kind.FILE:
            self._file(entry, reader, parent, name)
            return
        if entry.kind is Kind.HARD_LINK:
            self._link(self._target(entry.link), parent, name)
            return
        if entry.kind is Kind.SYMLINK:
            os.symlink(entry.link, name, dir_fd=parent)
        else:
            device = os.makedev(entry.major, entry.minor)
            os.mknod(name, _TYPES[entry.kind] | 0o600, device, dir_fd=parent)
            os.chmod(name, entry.mode, dir_fd=parent)
        os.chown(name, *self._owner(entry), dir_fd=parent, follow_symlinks=False)
        os.utime(name, ns=(entry.mtime, entry.mtime), dir_fd=parent, follow_symlinks=False)

    def _file(self, entry: Entry, reader: Reader, parent: int, name: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(name, flags, 0o600, dir_fd=parent), "wb") as file:
            reader.copy(file.write)
            file.flush()
            os.fchown(file.fileno(), *self._owner(entry))
            os.fchmod(file.fileno(), entry.mode)
            for key, value in entry.xattrs.items():
                if key.startswith(("user.", "security.capability")):
                    os.setxattr(file.fileno(), key, value)
            os.utime(file.fileno(), ns=(entry.mtime, entry.mtime))

    def _link(self, first: str, parent: int, name: str) -> None:
        folder, first_name = posixpath.split(first)
        try:
            descriptor = paths.locate(self.image.descriptor, folder, flags=os.O_DIRECTORY)
        except FileNotFoundError as error:
            raise InvalidArgument(f"a hard link in the archive leads to nothing: {first}") from error
        try:
            os.link(first_name, name, src_dir_fd=descriptor, dst_dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError as error:
            raise InvalidArgument(f"a hard link in the archive leads to nothing: {first}") from error
        finally:
            os.close(descriptor)

    def _owner(self, entry: Entry) -> Owner:
        return self.owner or Owner(entry.uid, entry.gid)
