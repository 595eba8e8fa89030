"""A directory descriptor taken as "/": the only way that the builder reaches files of contexts and images.

Every path is resolved by the kernel inside of it (openat2, RESOLVE_IN_ROOT), so a symbolic link of an image
or of a context means what it would mean in a container, and cannot name a file of the host. An image's tree
is a detached overlay mount (`rootfs.py`): no path leads to it, and closing the descriptor unmounts it.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kernel import paths
from hythe.kernel.owners import chown

_READ_LIMIT: Final = 1 << 20
_LINKS: Final = 40


class Owner(NamedTuple):
    uid: int
    gid: int


ROOT: Final = Owner(0, 0)


class Tree:
    """Owns `descriptor`. Paths are absolute or relative to the tree's root, which is the same."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def of(cls, directory: Path) -> Tree:
        return cls(os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Tree:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def locate(self, path: str) -> int:
        """An O_PATH descriptor of what `path` leads to. Raises OSError."""
        return paths.locate(self.descriptor, path or ".")

    def directory(self, path: str) -> int:
        """A readable descriptor of the directory `path` leads to. Raises OSError."""
        return paths.openat2(self.descriptor, path or ".", os.O_RDONLY | os.O_DIRECTORY)

    def file(self, path: str) -> int:
        """A readable descriptor of the regular file `path` leads to; never waits for a fifo."""
        descriptor = paths.openat2(self.descriptor, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file", path)
        return descriptor

    def status(self, path: str) -> os.stat_result | None:
        """What `path` leads to, links followed; None when it does not exist."""
        try:
            descriptor = self.locate(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)

    def is_directory(self, path: str) -> bool:
        status = self.status(path)
        return status is not None and stat.S_ISDIR(status.st_mode)

    def real(self, path: str) -> str:
        """Where `path` leads to, without links, relative to the root ("" is the root). Raises OSError."""
        descriptor = self.locate(path)
        try:
            found = _name(descriptor)
        finally:
            os.close(descriptor)
        relative = posixpath.relpath(found, _name(self.descriptor))
        return "" if relative == "." else relative

    def text(self, path: str) -> str:
        """A small file, as text; "" when it does not exist or is no file."""
        try:
            descriptor = self.file(path)
        except OSError as error:
            if error.errno in (
                errno.ENOENT,
                errno.ENOTDIR,
                errno.EINVAL,
                errno.ELOOP,
                errno.ENXIO,
                errno.EISDIR,
            ):
                return ""
            raise
        with open(descriptor, "rb") as file:
            return file.read(_READ_LIMIT).decode(errors="surrogateescape")

    def make_directory(self, path: str, owner: Owner = ROOT, mode: int = 0o755) -> bool:
        """Make `path` with its parents where missing, each owned by `owner`; whether anything was made."""
        made = False
        prefix = ""
        for part in posixpath.normpath("/" + path).split("/"):
            if not part:
                continue
            prefix += "/" + part
            if self.is_directory(prefix):
                continue
            os.close(paths.directory_in_root(self.descriptor, prefix))
            descriptor = self.directory(prefix)
            try:
                chown(descriptor, owner.uid, owner.gid)
                os.fchmod(descriptor, mode)
            finally:
                os.close(descriptor)
            made = True
        return made

    def follow(self, path: str) -> str:
        """`path`, or where its last part leads if that is a link: where a write through the link would go."""
        for _ in range(_LINKS):
            parent, name = posixpath.split(path)
            try:
                descriptor = paths.locate(self.descriptor, parent or ".", flags=os.O_DIRECTORY)
            except (FileNotFoundError, NotADirectoryError):
                return path
            try:
                target = os.readlink(name, dir_fd=descriptor)
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.ENOENT):
                    return path
                raise
            finally:
                os.close(descriptor)
            path = posixpath.join(parent, target)
        raise InvalidArgument(f"too many levels of symbolic links: {path}")


def _name(descriptor: int) -> str:
    """The kernel's name for what a descriptor refers to (proc_pid_fd(5)); detached mounts begin at "/"."""
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())
