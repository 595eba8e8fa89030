"""The container's root: a mount that is attached inside the container's own mount namespace, so that it leaves with it.

It is made detached (`make`), then put over the present root and entered by pivot_root(2).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel import mounts, namespaces
from hythe.kernel.mount_options import parse

if TYPE_CHECKING:
    from hythe.oci.spec import Mount, Root
    from hythe.runtime.init.sources import Namespace


def make(bundle: str, root: Root, layers: list[Mount], user: Namespace | None) -> int:
    """A descriptor of it, detached. Without `layers`, root.path is the root. Raises OSError, HytheError."""
    if not layers:
        return _bind(path_of(bundle, root), [])
    if len(layers) > 1:
        raise Unsupported("a root file system of more than one mount is not supported")
    layer = layers[0]
    words = layer.get("options") or []
    kind = layer.get("type", "")
    if kind == "overlay":
        from hythe.kernel import overlay

        stack = overlay.from_options(words)
        if user is not None:
            tree = overlay.detached_for(stack, user.fd, user.mapping, bundle)
        else:
            if overlay.needs_place():
                mounts.make_private(
                    "/"
                )  # in the container's mount namespace, after all binds have been copied
            tree = overlay.detached(stack, bundle)
        if "ro" in words:
            mounts.set_attributes(tree, add=mounts.MOUNT_ATTR_RDONLY)
        return tree
    if kind == "bind" or "bind" in words or "rbind" in words:
        return _bind(layer["source"], words)
    raise Unsupported(f"a root file system of type {kind!r} is not supported", hint="use overlay or bind")


def cuts_off(layers: list[Mount], *, mapped: bool) -> bool:
    """Whether making it ends the sharing of mounts with the host, so that binds must have been copied before.

    `mapped`: for a user namespace; there the host's folders are covered by mapped ones, too.
    """
    if not any(layer.get("type") == "overlay" for layer in layers):
        return False
    from hythe.kernel import overlay

    return overlay.covers_layers() if mapped else overlay.needs_place()


def path_of(bundle: str, root: Mapping[str, Any]) -> str:
    """The path of a root that the bundle has itself (config.md, Root)."""
    return os.path.normpath(os.path.join(bundle, root.get("path", "rootfs")))


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


def attach(root: int, path: str) -> None:
    """Make it part of this mount namespace, at `path`, or out of sight over "/" where that cannot be reached."""
    try:
        place = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # a user namespace's root has no rights on the host's folders
        path = "/"
        place = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    mounts.attach(root, place, name=path)
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


def leave_for(shared: int) -> None:
    """Take the root, with all that is mounted on it, along into the mount namespace `shared`, unseen by who is there.

    A detached copy, which this process has as its root: it is in no mount table, and goes with the last process in it.
    Raises OSError.
    """
    tree = mounts.clone("/", recursive=True)
    namespaces.setns(shared, namespaces.CLONE_NEWNS)
    os.fchdir(tree)
    os.chroot(".")
    os.close(tree)
    os.close(shared)
