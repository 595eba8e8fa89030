"""Device nodes where none can be made: the host's own, bound onto empty files.

Only the root of the host's first user namespace can make a node, and only on its file systems do nodes work. A
container of an ordinary user's daemon gets mounts of the host's nodes instead, with the owners and modes that they
have there: what the user may not open, root in the container may not either.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any, Final

from hythe.errors import InvalidArgument
from hythe.kernel import mounts, paths

if TYPE_CHECKING:
    from hythe.oci.spec import Device

_HOST: Final = "/dev"
_KINDS: Final = {"c": stat.S_ISCHR, "u": stat.S_ISCHR, "b": stat.S_ISBLK}


def usual(names: tuple[tuple[str, int, int], ...]) -> dict[str, int]:
    """A detached mount of each of the host's nodes, by name, that is what it has to be. Raises OSError."""
    found = {}
    for name, major, minor in names:
        tree = mounts.clone(f"{_HOST}/{name}")
        status = os.fstat(tree)
        if not stat.S_ISCHR(status.st_mode) or status.st_rdev != os.makedev(major, minor):
            raise OSError(f"{_HOST}/{name} is not the device that it should be")
        found[name] = tree
    return found


def asked(wanted: list[Any]) -> dict[str, int]:
    """The same for config.json's devices, by path, wherever the host has them. Raises InvalidArgument."""
    return {device["path"]: _found(device) for device in wanted if device.get("type") in _KINDS}


def _found(device: Device) -> int:
    is_kind = _KINDS[device["type"]]
    number = os.makedev(device.get("major", 0), device.get("minor", 0))
    folders = [_HOST]
    while folders:
        for entry in os.scandir(folders.pop()):
            status = entry.stat(follow_symlinks=False)
            if is_kind(status.st_mode) and status.st_rdev == number:
                return mounts.clone(entry.path)
            if stat.S_ISDIR(status.st_mode):
                folders.append(entry.path)
    raise InvalidArgument(
        f"device {device['path']}: the host has no node {os.major(number)}:{os.minor(number)} in /dev",
        hint="a daemon that is not root's can only hand on nodes that are there",
    )


def bind(root: int, place: str, tree: int) -> None:
    """Put the node at `place` below the directory `root`, and let go of it."""
    folder, _, name = place.rpartition("/")
    parent = paths.directory_in_root(root, folder or "/")
    try:
        os.close(os.open(name, os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=parent))
        target = paths.locate(parent, name, resolve=paths.RESOLVE_BENEATH | paths.RESOLVE_NO_SYMLINKS)
        try:
            mounts.attach(tree, target, name=place)
        finally:
            os.close(target)
    finally:
        os.close(parent)
        os.close(tree)
