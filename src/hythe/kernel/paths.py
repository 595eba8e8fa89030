"""Paths inside a container's root, resolved so that nothing in the container can lead them out of it.

`openat2(2)` with RESOLVE_IN_ROOT treats a directory descriptor as "/": absolute links and ".." stay below it,
and magic links (/proc/self/exe, /proc/self/fd/N) are refused. What is found is pinned by its descriptor; a
later rename by the container changes nothing (CVE-2021-30465). Missing directories are made one by one, each
with mkdirat(2) in a pinned parent; a dangling link on the way is followed as the container would follow it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from typing import Final

from hythe.kernel.syscall import libc_call, syscall

RESOLVE_NO_XDEV: Final = 0x01
RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_NO_SYMLINKS: Final = 0x04
RESOLVE_BENEATH: Final = 0x08
RESOLVE_IN_ROOT: Final = 0x10

IN_ROOT: Final = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
_LINKS: Final = 40

PROC: Final = 0x9FA0
SYSFS: Final = 0x62656572
DEVPTS: Final = 0x1CD1


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(dirfd: int, path: str, flags: int, *, mode: int = 0, resolve: int = IN_ROOT) -> int:
    """openat2(2): a new close-on-exec descriptor. A rename race is tried again a few times.

    Such a race is EAGAIN, and with RESOLVE_IN_ROOT also EXDEV, when a directory on the way was moved out of the
    root: nothing else escapes a root (with RESOLVE_NO_XDEV it may be a mount as well, and stands).
    """
    how = _OpenHow(flags | os.O_CLOEXEC, mode, resolve)
    scoped = resolve & (RESOLVE_IN_ROOT | RESOLVE_NO_XDEV) == RESOLVE_IN_ROOT
    for _ in range(32):
        try:
            return syscall("openat2", dirfd, path, ctypes.byref(how), ctypes.sizeof(how), path=path)
        except OSError as error:
            if error.errno != errno.EAGAIN and not (scoped and error.errno == errno.EXDEV):
                raise
    raise OSError(errno.EAGAIN, "openat2: the path keeps changing", path)


def locate(root: int, path: str, *, resolve: int = IN_ROOT, flags: int = 0) -> int:
    """An O_PATH descriptor of `path` below the directory descriptor `root`. Raises OSError."""
    return openat2(root, path, os.O_PATH | flags, resolve=resolve)


def directory_in_root(root: int, path: str, *, mode: int = 0o755) -> int:
    """An O_PATH descriptor of the directory `path` below `root`, made with its parents where it is missing.

    Raises OSError: ENOTDIR where a part is a file, ELOOP for too many or magic links.
    """
    try:
        return locate(root, path, flags=os.O_DIRECTORY)
    except FileNotFoundError:
        pass
    return _walk(root, path.split("/"), mode)


def _walk(root: int, parts: list[str], mode: int) -> int:
    """Component by component; `done` has no links in it, so each parent is named by a plain path."""
    done: list[str] = []
    rest = list(reversed(parts))
    links = 0
    current = os.dup(root)
    while rest:
        name = rest.pop()
        if name in ("", "."):
            continue
        if name == "..":
            done = done[:-1]
            current = _swap(current, locate(root, "/".join(done) or ".", flags=os.O_DIRECTORY))
            continue
        target = _link_target(current, name)
        if target is not None:
            links += 1
            if links > _LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), "/".join(parts))
            if target.startswith("/"):
                done = []
                current = _swap(current, os.dup(root))
            rest.extend(reversed(target.split("/")))
            continue
        current = _swap(current, _enter(current, name, mode))
        done.append(name)
    return current


def _swap(old: int, new: int) -> int:
    os.close(old)
    return new


def _link_target(parent: int, name: str) -> str | None:
    """Where a link leads, None for what is none. The text of a magic link (proc(5)) is not what it leads to: ELOOP."""
    try:
        target = os.readlink(name, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise
    if _on_procfs(parent):  # nowhere else is a link magic; "run -> /run" in /var would seem to lead to itself
        try:
            os.close(openat2(parent, name, os.O_PATH))
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise
    return target


def _on_procfs(folder: int) -> bool:
    return file_system(folder) == PROC


def _enter(parent: int, name: str, mode: int) -> int:
    """Open, or make and open, the directory `name`; never through a link."""
    resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS
    try:
        return openat2(parent, name, os.O_PATH | os.O_DIRECTORY, resolve=resolve)
    except FileNotFoundError:
        try:
            os.mkdir(name, mode, dir_fd=parent)
        except FileExistsError:
            pass
        return openat2(parent, name, os.O_PATH | os.O_DIRECTORY, resolve=resolve)


def file_in_root(root: int, path: str, *, mode: int = 0o644) -> int:
    """An O_PATH descriptor of the file `path` below `root`, made empty, with its parents, where missing.

    A link that leads to nothing is followed, within the root, to where its target is made. Raises IsADirectoryError
    where a directory is in its place, OSError with ELOOP for too many links.
    """
    try:
        found = locate(root, path)
    except FileNotFoundError:
        parent, name = _end_of_links(root, path)
        try:
            flags = os.O_CREAT | os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            os.close(openat2(parent, name, flags, mode=mode, resolve=RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS))
            found = locate(parent, name, resolve=RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)
        finally:
            os.close(parent)
    if stat.S_ISDIR(os.fstat(found).st_mode):
        os.close(found)
        raise IsADirectoryError(errno.EISDIR, "is a directory", path)
    return found


def _end_of_links(root: int, path: str) -> tuple[int, str]:
    """The directory, made where it is missing, and the name to which the links from `path` lead."""
    for _ in range(_LINKS):
        folder, _, name = path.rstrip("/").rpartition("/")
        parent = directory_in_root(root, folder or "/")
        try:
            target = _link_target(parent, name)
        except OSError:
            os.close(parent)
            raise
        if target is None:
            return parent, name
        os.close(parent)
        path = target if target.startswith("/") else f"{folder}/{target}"
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def file_system(fd: int) -> int:
    """The magic number (statfs(2), f_type) of the file system that `fd` is on."""
    buffer = (ctypes.c_long * 32)()
    libc_call("fstatfs", fd, ctypes.byref(buffer))
    return int(buffer[0])
