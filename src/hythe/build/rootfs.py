"""An image's files as one tree, without a mount that anybody could see.

A snapshot is a list of mounts (`oci.spec.Mount`). Its overlay is made by fsopen(2) and fsmount(2) and stays
*detached*: it is reachable by its descriptor alone and goes when that is closed, so no namespace changes and
nothing is left behind if the process dies. Written through, it behaves as the container's root will.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from hythe.build.tree import Tree
from hythe.errors import SystemProblem
from hythe.kernel import mounts, overlay
from hythe.oci.spec import Mount

_STRING_LIMIT: Final = 255


def open_tree(root: Sequence[Mount]) -> Tree:
    """The tree that a snapshot's mounts make: an overlay, or a bind of one ready directory.

    Raises SystemProblem when the kernel refuses.
    """
    if len(root) != 1:
        raise SystemProblem(f"a snapshot of {len(root)} mounts cannot be opened")
    mount = root[0]
    try:
        if mount.get("type") == "overlay":
            return Tree(_overlay(mount.get("options", [])))
        return Tree(_directory(mount["source"], read_only="ro" in mount.get("options", [])))
    except OSError as error:
        raise SystemProblem(f"cannot mount the image's layers: {error}") from error


def _overlay(words: list[str]) -> int:
    layers = overlay.from_options(words)
    if layers.upper is None and len(layers.lower) == 1:  # overlay wants two layers, or something to write to
        return _directory(layers.lower[0], read_only=True)
    try:
        return _detached(layers)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return _by_name(layers)


def _detached(layers: overlay.Layers) -> int:
    with ExitStack() as pins:
        options: list[tuple[str, str | None]] = [("lowerdir+", _short(pins, path)) for path in layers.lower]
        if layers.upper is not None and layers.work is not None:
            options += [("upperdir", _short(pins, layers.upper)), ("workdir", _short(pins, layers.work))]
        read_only = mounts.MOUNT_ATTR_RDONLY if layers.upper is None else 0
        return mounts.filesystem("overlay", [*options, *layers.rest], read_only)


def _by_name(layers: overlay.Layers) -> int:
    """Kernels before 6.7 mount at a place; it is left at once, and the descriptor keeps the mount."""
    with tempfile.TemporaryDirectory(prefix="hythe-build-") as place:
        root = overlay.mount(layers, place, read_only=layers.upper is None)
        mounts.unmount(place)
    return root


def _directory(path: str, *, read_only: bool) -> int:
    """A detached mount of one ready directory."""
    descriptor = mounts.clone(path)
    if read_only:
        mounts.set_attributes(descriptor, add=mounts.MOUNT_ATTR_RDONLY)
    return descriptor


def _short(pins: ExitStack, path: str) -> str:
    """`path`, or a name by descriptor where it is longer than fsconfig(2) takes."""
    if len(os.fsencode(path)) <= _STRING_LIMIT:
        return path
    descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    pins.callback(os.close, descriptor)
    return f"/proc/self/fd/{descriptor}"
