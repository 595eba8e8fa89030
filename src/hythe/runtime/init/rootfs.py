"""The container's root: a mount that is attached inside the container's own mount namespace, so that it leaves with it.

It is made detached (`make`), then put over the present root and entered by pivot_root(2).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel import mounts, overlay
from hythe.kernel.mount_options import parse
from hythe.oci.spec import Mount, Root

if TYPE_CHECKING:
    from hythe.runtime.init.sources import Namespace


def make(bundle: str, root: Root, layers: list[Mount], user: Namespace | None) -> int:
    """A descriptor of it, detached. Without `layers`, root.path is the root. Raises OSError, HytheError."""
    if not layers:
        path = os.path.normpath(os.path.join(bundle, root.get("path", "rootfs")))
        return _bind(path, [])
    if len(layers) > 1:
        raise Unsupported("a root file system of more than one mount is not supported")
    layer = layers[0]
    words = layer.get("options") or []
    kind = layer.get("type", "")
    if kind == "overlay":
        stack = overlay.from_options(words)
        tree = overlay.detached_for(stack, user.fd, user.mapping) if user else overlay.detached(stack)
        if "ro" in words:
            mounts.set_attributes(tree, add=mounts.MOUNT_ATTR_RDONLY)
        return tree
    if kind == "bind" or "bind" in words or "rbind" in words:
        return _bind(layer["source"], words)
    raise Unsupported(f"a root file system of type {kind!r} is not supported", hint="use overlay or bind")


def _bind(path: str, words: list[str]) -> int:
    options = parse(words, destination="/")
    try:
        tree = mounts.clone(path, recursive=True)
    except FileNotFoundError as error:
        raise InvalidArgument(f"the root file system {path} does not exist") from error
    mounts.set_attributes(tree, propagation=mounts.MS_PRIVATE, recursive=True)
    if options.add:
        mounts.set_attributes(tree, add=options.add)
    return tree


def attach(root: int) -> None:
    """Put it over the present root, where it is in sight of no path but is part of this mount namespace."""
    place = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    mounts.attach(root, place, name="/")
    os.close(place)


def enter(root: int, *, read_only: bool, propagation: str) -> None:
    """Make it "/", and read-only where the configuration says so (the mounts below keep their own state).

    `propagation` is linux.rootfsPropagation: "private", "rslave" and the like, or "".
    """
    mounts.pivot(root)
    if read_only:
        mounts.set_attributes(root, add=mounts.MOUNT_ATTR_RDONLY)
    if propagation:
        options = parse([propagation], destination="/")
        if not options.propagation:
            raise InvalidArgument(f"config.json: linux.rootfsPropagation {propagation!r} is unknown")
        mounts.set_attributes(root, propagation=options.propagation, recursive=options.tree_propagation)
