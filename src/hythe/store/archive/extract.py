"""Unpacking a tar archive below a directory, so that nothing of it lands or reaches outside.

Every parent is resolved by openat2(2) as if the directory were "/" and pinned by its descriptor; the last part of
a name is never followed. Names with ".." are refused. As image layers, archives may hold whiteouts (OCI image-spec,
layer.md): ".wh.NAME" becomes overlayfs' 0/0 device, ".wh..wh..opq" the opaque mark of its directory.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hythe.errors import InvalidArgument, NoSpace, SystemProblem
from hythe.kernel.paths import directory_in_root, locate
from hythe.store.archive.entry import Entry
from hythe.store.archive.reader import Stream, TarReader

WHITEOUT: Final = ".wh."
OPAQUE: Final = ".wh..wh..opq"
OPAQUE_XATTR: Final = "trusted.overlay.opaque"
_KEPT_XATTRS: Final = ("user.", "security.capability")


@dataclass(frozen=True)
class Limits:
    """Where an archive is taken for a bomb."""

    entries: int = 5_000_000
    size: int = 200 << 30


def safe_name(name: str) -> str:
    """A member's name relative to the root, "" for the root itself. Raises InvalidArgument for ".."."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name:
        raise InvalidArgument(f"the archive is hostile: the member {name!r} leads out of it")
    return "/".join(parts)


class Extractor:
    """Unpacks below the directory descriptor `root`. With `layer`, whiteouts are understood."""

    def __init__(self, root: int, *, layer: bool, limits: Limits | None = None, own: bool = True) -> None:
        self._root, self._layer, self._own = root, layer, own
        self._limits = limits or Limits()
        self._folder, self._descriptor = "", -1
        self._times: dict[str, int] = {}
        self.size = 0

    def extract(self, source: Stream, rename: Callable[[str], str | None] = lambda name: name) -> None:
        """Unpack all of it. `rename` maps names or, with None, leaves members out."""
        count = 0
        reader = TarReader(source)
        try:
            for entry in reader:
                count += 1
                if count > self._limits.entries:
                    raise InvalidArgument("the archive has too many members: it is taken for a bomb")
                name = rename(safe_name(entry.name))
                if name is not None:
                    self._member(entry, name, reader)
            self._finish()
        except OSError as error:
            raise _problem(error) from error
        finally:
            self._forget()

    def _forget(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._folder, self._descriptor = "", -1

    def _parent(self, folder: str) -> int:
        """A descriptor of the directory `folder` below the root, made where it is missing; the last is kept."""
        if self._descriptor < 0 or folder != self._folder:
            self._forget()
            self._descriptor = directory_in_root(self._root, folder or ".")
            self._folder = folder
        return self._descriptor

    def _member(self, entry: Entry, name: str, reader: TarReader) -> None:
        if not name:
            if entry.kind == "dir":
                self._root_itself(entry)
            return
        folder, _, base = name.rpartition("/")
        parent = self._parent(folder)
        if self._layer and base.startswith(WHITEOUT):
            self._whiteout(parent, base, name)
            return
        self._clear(parent, base, entry.kind == "dir")
        make = getattr(self, f"_make_{entry.kind}")
        make(parent, base, entry, reader)
        if entry.kind == "dir":
            self._times[name] = entry.mtime

    def _root_itself(self, entry: Entry) -> None:
        place = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._root)
        try:
            self._dress(place, entry)
        finally:
            os.close(place)

    def _clear(self, parent: int, base: str, directory: bool) -> None:
        """Make room: a member replaces what an earlier one made, except a directory a directory."""
        try:
            status = os.stat(base, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(status.st_mode):
            os.unlink(base, dir_fd=parent)
        elif not directory:
            self._forget_below()
            shutil.rmtree(base, dir_fd=parent)

    def _forget_below(self) -> None:
        self._times = {name: at for name, at in self._times.items() if name.startswith(self._folder)}

    def _whiteout(self, parent: int, base: str, name: str) -> None:
        if base == OPAQUE:
            place = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)
            try:
                os.setxattr(place, OPAQUE_XATTR, b"y")
            finally:
                os.close(place)
            return
        hidden = base.removeprefix(WHITEOUT)
        if hidden in ("", ".", "..") or hidden.startswith(WHITEOUT):
            raise InvalidArgument(f"the layer is hostile: bad whiteout {name!r}")
        self._clear(parent, hidden, False)
        os.mknod(hidden, stat.S_IFCHR, 0, dir_fd=parent)

    # ---- one method for each kind of member -----------------------------------------------------

    def _make_file(self, parent: int, base: str, entry: Entry, reader: TarReader) -> None:
        self.size += entry.size
        if self.size > self._limits.size:
            raise InvalidArgument("the archive is too large: it is taken for a bomb")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        place = os.open(base, flags, 0o600, dir_fd=parent)
        try:
            for chunk in reader.chunks():
                view = memoryview(chunk)
                while view:
                    view = view[os.write(place, view) :]
            self._dress(place, entry)
        finally:
            os.close(place)

    def _make_dir(self, parent: int, base: str, entry: Entry, reader: TarReader) -> None:
        try:
            os.mkdir(base, 0o700, dir_fd=parent)
        except FileExistsError:
            pass
        place = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            self._dress(place, entry)
        finally:
            os.close(place)

    def _make_symlink(self, parent: int, base: str, entry: Entry, reader: TarReader) -> None:
        os.symlink(entry.link, base, dir_fd=parent)
        self._dress_name(parent, base, entry)

    def _make_hardlink(self, parent: int, base: str, entry: Entry, reader: TarReader) -> None:
        folder, _, name = safe_name(entry.link).rpartition("/")
        if not name:
            raise InvalidArgument(f"the archive is hostile: the link {entry.name!r} leads nowhere")
        source = locate(self._root, folder or ".", flags=os.O_DIRECTORY)
        try:
            os.link(name, base, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(source)

    def _make_fifo(self, parent: int, base: str, entry: Entry, reader: TarReader) -> None:
        os.mkfifo(base, 0o600, dir_fd=parent)
        self._dress_name(parent, base, entry)

    def _make_char(self, parent: int, base: str, entry: Entry, reader: TarReader) -> None:
        self._device(parent, base, entry, stat.S_IFCHR)

    def _make_block(self, parent: int, base: str, entry: Entry, reader: TarReader) -> None:
        self._device(parent, base, entry, stat.S_IFBLK)

    def _device(self, parent: int, base: str, entry: Entry, kind: int) -> None:
        os.mknod(base, kind | 0o600, os.makedev(entry.major, entry.minor), dir_fd=parent)
        self._dress_name(parent, base, entry)

    # ---- ownership, mode, times, attributes -----------------------------------------------------

    def _dress(self, place: int, entry: Entry) -> None:
        if self._own:
            os.fchown(place, entry.uid, entry.gid)
        os.fchmod(place, entry.mode)
        for key, value in entry.xattrs.items():
            if key.startswith(_KEPT_XATTRS):
                os.setxattr(place, key, value)
        os.utime(place, ns=(entry.mtime, entry.mtime))

    def _dress_name(self, parent: int, base: str, entry: Entry) -> None:
        if self._own:
            os.chown(base, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
        if entry.kind != "symlink":
            os.chmod(base, entry.mode, dir_fd=parent)
        os.utime(base, ns=(entry.mtime, entry.mtime), dir_fd=parent, follow_symlinks=False)

    def _finish(self) -> None:
        """Directories' own times, once nothing more is put into them."""
        for name, at in self._times.items():
            try:
                place = locate(self._root, name, flags=os.O_DIRECTORY | os.O_NOFOLLOW)
            except (FileNotFoundError, NotADirectoryError):
                continue
            try:
                os.utime(f"/proc/self/fd/{place}", ns=(at, at))
            finally:
                os.close(place)


def _problem(error: OSError) -> InvalidArgument | NoSpace | SystemProblem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace("no space is left on the disk while unpacking", hint="hythe system prune, or make room")
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ENOENT, errno.EXDEV):
        return InvalidArgument(f"the archive is malformed: {error}")
    return SystemProblem(f"cannot unpack the archive: {error}")
