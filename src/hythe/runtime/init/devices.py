"""/dev: the devices every container has, those it was given, and the links to its own descriptors.

Only done on a /dev that was mounted for this container (a tmpfs); one that is bound from somewhere is left
alone. Names are made relative to the descriptor of that tmpfs. Where no node can be made, `nodes` does that part.
Source: runtime-spec config-linux.md, Default Devices.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from hythe.errors import InvalidArgument
from hythe.kernel import paths
from hythe.kernel.usernamespaces import Mapping

if TYPE_CHECKING:
    from hythe.oci.spec import Device

DEFAULT: Final = (
    ("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0),
)  # fmt: skip
_LINKS: Final = (
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
)
_TYPES: Final = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}


def populate(dev: int, *, terminals: bool, nodes: bool = True) -> None:
    """Put what every container has into the tmpfs `dev`. The umask must be 0. `terminals`: there is a /dev/pts."""
    for name, major, minor in DEFAULT if nodes else ():
        os.mknod(name, stat.S_IFCHR | 0o666, os.makedev(major, minor), dir_fd=dev)
    for target, name in _LINKS:
        os.symlink(target, name, dir_fd=dev)
    if terminals:
        os.symlink("pts/ptmx", "ptmx", dir_fd=dev)


def make(folder: int, device: Device, *, below: str = "/", mapping: Mapping | None = None) -> None:
    """Make a device that was asked for. `folder` is what the path begins with; the umask must be 0.

    `mapping`: of the user namespace in which its owner is meant.
    """
    path = device["path"]
    kind = _TYPES.get(device.get("type", ""))
    if kind is None or not path.startswith("/"):
        raise InvalidArgument(
            f"device {path!r} of type {device.get('type')!r}: need an absolute path and c, b or p"
        )
    place, _, name = f"/{path.removeprefix(below)}".rpartition("/")
    if not name or name in (".", ".."):
        raise InvalidArgument(f"device {path!r} has no name")
    parent = paths.directory_in_root(folder, place or "/")
    try:
        number = os.makedev(device.get("major", 0), device.get("minor", 0))
        try:
            os.mknod(name, kind | device.get("fileMode", 0o666) & 0o7777, number, dir_fd=parent)
        except FileExistsError:
            return
        uid, gid = device.get("uid", 0), device.get("gid", 0)
        if mapping is not None:
            uid, gid = mapping.uid(uid) or 0, mapping.gid(gid) or 0
        os.chown(name, uid, gid, dir_fd=parent, follow_symlinks=False)
    finally:
        os.close(parent)
