"""The mount API of Linux 5.2 and later: file systems and mounts as descriptors, attached when complete.

`filesystem` makes one by fsopen(2), fsconfig(2) and fsmount(2): options travel one by one, so nothing needs
escaping and no page limits them. `clone` copies a mount (tree) by open_tree(2), the bind mount of old. Both
give a *detached* mount that no path leads to; `set_attributes` changes it (mount_setattr(2), Linux 5.12)
while nobody sees it, and `attach` puts it on a directory or file that is itself named by a descriptor.

Kept out: the words of mount(8) (`mount_options`), overlay (`overlay`), where a container's mounts go
(runtime).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from typing import Final

from hythe.kernel.syscall import AT_EMPTY_PATH, AT_FDCWD, AT_RECURSIVE, libc_call, syscall

MOUNT_ATTR_RDONLY: Final = 0x1
MOUNT_ATTR_NOSUID: Final = 0x2
MOUNT_ATTR_NODEV: Final = 0x4
MOUNT_ATTR_NOEXEC: Final = 0x8
MOUNT_ATTR_ATIME: Final = 0x70
MOUNT_ATTR_NOATIME: Final = 0x10
MOUNT_ATTR_STRICTATIME: Final = 0x20
MOUNT_ATTR_NODIRATIME: Final = 0x80
_MOUNT_ATTR_IDMAP: Final = 0x100000
MOUNT_ATTR_NOSYMFOLLOW: Final = 0x200000

MS_UNBINDABLE: Final = 1 << 17
MS_PRIVATE: Final = 1 << 18
MS_SLAVE: Final = 1 << 19
MS_SHARED: Final = 1 << 20

_FSOPEN_CLOEXEC: Final = 1
_FSMOUNT_CLOEXEC: Final = 1
_FSCONFIG_SET_FLAG: Final = 0
_FSCONFIG_SET_STRING: Final = 1
_FSCONFIG_CMD_CREATE: Final = 6
_OPEN_TREE_CLONE: Final = 1
_MOVE_MOUNT_F_EMPTY_PATH: Final = 0x4
_MOVE_MOUNT_T_EMPTY_PATH: Final = 0x40
_MNT_DETACH: Final = 2


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def filesystem(kind: str, options: Iterable[tuple[str, str | None]] = (), attributes: int = 0) -> int:
    """A descriptor of a new, detached mount of a new file system of type `kind`.

    `options` are (key, value), value None for a flag. `attributes` are MOUNT_ATTR_*. Raises OSError, with the
    kernel's own explanation in it where there is one.
    """
    context = syscall("fsopen", kind, _FSOPEN_CLOEXEC, path=kind)
    try:
        try:
            for key, value in options:
                if value is None:
                    syscall("fsconfig", context, _FSCONFIG_SET_FLAG, key, None, 0, path=key)
                else:
                    syscall("fsconfig", context, _FSCONFIG_SET_STRING, key, value, 0, path=f"{key}={value}")
            syscall("fsconfig", context, _FSCONFIG_CMD_CREATE, None, None, 0, path=kind)
        except OSError as error:
            raise _explained(context, error) from error
        return syscall("fsmount", context, _FSMOUNT_CLOEXEC, attributes, path=kind)
    finally:
        os.close(context)


def _explained(context: int, error: OSError) -> OSError:
    """`error` with what the kernel wrote to the context's log (fsopen(2): a message for each read)."""
    lines: list[str] = []
    while True:
        try:
            lines.append(os.read(context, 1024).decode(errors="replace").strip())
        except OSError:
            break
    if not lines:
        return error
    return OSError(error.errno, f"{error.strerror}: {'; '.join(lines)}", error.filename)


def clone(path: str, *, dirfd: int = AT_FDCWD, recursive: bool = False, read_only: bool = False) -> int:
    """A detached copy of the mount at `path` ("" with a descriptor: what it refers to), or of the tree below."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | (AT_RECURSIVE if recursive else 0)
    if path == "":
        flags |= AT_EMPTY_PATH
    tree = syscall("open_tree", dirfd, path, flags, path=path or None)
    if read_only:
        try:
            set_attributes(tree, add=MOUNT_ATTR_RDONLY, recursive=recursive)
        except BaseException:
            os.close(tree)
            raise
    return tree


def attach(mount: int, target: int, *, name: str | None = None) -> None:
    """Attach the detached mount `mount` on what the descriptor `target` refers to. `name` is for errors."""
    flags = _MOVE_MOUNT_F_EMPTY_PATH | _MOVE_MOUNT_T_EMPTY_PATH
    syscall("move_mount", mount, "", target, "", flags, path=name)


def attach_below(mount: int, folder: int, name: str) -> None:
    """The same on `name` in the directory `folder`: of a file system that nobody else can change."""
    syscall("move_mount", mount, "", folder, name, _MOVE_MOUNT_F_EMPTY_PATH, path=name)


def set_attributes(
    mount: int, *, add: int = 0, remove: int = 0, propagation: int = 0, recursive: bool = False
) -> None:
    """mount_setattr(2) on what `mount` refers to; an access time in `add` replaces the present one."""
    if add & MOUNT_ATTR_ATIME:
        remove |= MOUNT_ATTR_ATIME
    value = _MountAttr(add, remove, propagation, 0)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    syscall("mount_setattr", mount, "", flags, ctypes.byref(value), ctypes.sizeof(value))


def idmap(tree: int, user_namespace: int, *, recursive: bool = False) -> None:
    """Show owners through the mapping of a user namespace, on a mount that is still detached.

    Id 0 on disk is seen, and written, as the id that 0 inside that namespace stands for. Raises OSError: EINVAL
    where the file system cannot (mount_setattr(2), MOUNT_ATTR_IDMAP).
    """
    value = _MountAttr(_MOUNT_ATTR_IDMAP, 0, 0, user_namespace)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    syscall("mount_setattr", tree, "", flags, ctypes.byref(value), ctypes.sizeof(value))


def make_private(path: str = "/") -> None:
    """Cut every mount at and below `path` off from what happens in other mount namespaces."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        set_attributes(descriptor, propagation=MS_PRIVATE, recursive=True)
    finally:
        os.close(descriptor)


def pivot(root: int) -> None:
    """Make the mount that `root` refers to the root of this mount namespace; the old tree is gone after it.

    pivot_root(2), "pivot_root(".", ".")": the old root is stacked upon the new one and detached at once.
    """
    os.fchdir(root)
    syscall("pivot_root", ".", ".")
    libc_call("umount2", ".", _MNT_DETACH)
    os.chdir("/")


def unmount(path: str) -> None:
    """Detach the mount at `path` and what is below it."""
    libc_call("umount2", path, _MNT_DETACH, path=path)
