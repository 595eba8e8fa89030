"""The container's root: mounted inside its own mount namespace, so that it leaves with it.

Sources of bind mounts have to be opened while their sharing with the host is still intact, so the order is:
`mounts` clones its sources, then the tree is made private, then the root comes here, then the mounts go onto
it.
"""

from __future__ import annotations

import os

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel import mounts, overlay
from hythe.kernel.mount_options import parse
from hythe.oci.spec import Mount, Root


def mount_root(bundle: str, root: Root, layers: list[Mount]) -> int:
    """Attach the root at the bundle's folder; a descriptor of it. Without `layers`, root.path is the root."""
    if not layers:
        path = os.path.normpath(f"{bundle}/{root.get('path', 'rootfs')}")
        path = root["path"] if root.get("path", "").startswith("/") else path
        return _bind(path, bundle, [])
    if len(layers) > 1:
        raise Unsupported("a root file system of more than one mount is not supported")
    layer = layers[0]
    words = layer.get("options") or []
    kind = layer.get("type", "")
    if kind == "overlay":
        return overlay.mount(overlay.from_options(words), bundle, read_only="ro" in words)
    if kind == "bind" or "bind" in words or "rbind" in words:
        return _bind(layer["source"], bundle, words)
    raise Unsupported(f"a root file system of type {kind!r} is not supported", hint="use overlay or bind")


def _bind(path: str, place: str, words: list[str]) -> int:
    options = parse(words, destination="/")
    try:
        tree = mounts.clone(path, recursive=True)
    except FileNotFoundError as error:
        raise InvalidArgument(f"the root file system {path} does not exist") from error
    mounts.set_attributes(tree, propagation=mounts.MS_PRIVATE, recursive=True)
    if options.add:
        mounts.set_attributes(tree, add=options.add)
    target = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    mounts.attach(tree, target, name=place)
    os.close(target)
    return tree


def enter(root: int, *, read_only: bool) -> None:
    """Make it "/", and read-only where the configuration says so (the mounts below keep their own state)."""
    mounts.pivot(root)
    if read_only:
        mounts.set_attributes(root, add=mounts.MOUNT_ATTR_RDONLY)
