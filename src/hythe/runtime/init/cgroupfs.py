"""The container's own part of the control group tree(s), mounted as if it were all there is.

v2 is one mount. v1 is a tmpfs with a mount for each tree, and links for those that are mounted together. All are made
detached (`make`), and put in place later (`attach`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hythe.kernel import mounts
from hythe.kernel.mount_options import MountOptions

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group


def make(options: MountOptions, group: Group, *, own: bool, trees: list[int] | None = None) -> list[int]:
    """`own`: there is a cgroup namespace. `trees`: as `hierarchies` made them. Raises OSError."""
    trees = hierarchies(options, group, own=own) if trees is None else trees
    if _single(group):
        return trees
    attributes = options.add & ~mounts.MOUNT_ATTR_RDONLY
    top = (("source", "cgroup"), ("mode", "755"), ("size", "64k"))
    return [mounts.filesystem("tmpfs", top, attributes), *trees]


def hierarchies(options: MountOptions, group: Group, *, own: bool) -> list[int]:
    """The trees alone, which belong to no user of the container. Raises OSError."""
    return [
        _hierarchy(kind, data, folder, options.add, own=own) for _, kind, data, folder in group.mount_points()
    ]


def attach(made: list[int], place: int, options: MountOptions, group: Group) -> int:
    """Put them on `place`; the descriptor of what is on top is the caller's, the others are let go of."""
    top, *trees = made
    mounts.attach(top, place)
    for (name, *_), fd in zip(() if _single(group) else group.mount_points(), trees, strict=True):
        os.mkdir(name, 0o755, dir_fd=top)
        for alias in name.split(","):
            if alias != name:
                os.symlink(name, alias, dir_fd=top)
        mounts.attach_below(fd, top, name)
        os.close(fd)
    if trees and options.add & mounts.MOUNT_ATTR_RDONLY:
        mounts.set_attributes(top, add=mounts.MOUNT_ATTR_RDONLY)
    return top


def _single(group: Group) -> bool:
    """Version 2 alone: one tree, without a name."""
    points = group.mount_points()
    return bool(points) and points[0][0] == ""


def _hierarchy(
    kind: str, data: tuple[tuple[str, str | None], ...], folder: str, attributes: int, *, own: bool
) -> int:
    """With a cgroup namespace a fresh mount shows the container's group as its top; without, the folder is bound."""
    if own:
        return mounts.filesystem(kind, (("source", "cgroup"), *data), attributes)
    fd = mounts.clone(folder)
    mounts.set_attributes(fd, add=attributes, propagation=mounts.MS_PRIVATE)
    return fd
