"""An image's files as one tree, without a mount that anybody could see.

A snapshot is a list of mounts (`oci.spec.Mount`): an overlay, or a bind of one ready directory. Either is made
*detached* (`kernel.overlay`, `kernel.mounts`). Written through, it behaves as the container's root will.
"""

from __future__ import annotations

from collections.abc import Sequence

from hythe.build.tree import Tree
from hythe.errors import SystemProblem
from hythe.kernel import mounts, overlay
from hythe.oci.spec import Mount


def open_tree(root: Sequence[Mount]) -> Tree:
    """The tree that a snapshot's mounts make. Raises SystemProblem when the kernel refuses."""
    if len(root) != 1:
        raise SystemProblem(f"a snapshot of {len(root)} mounts cannot be opened")
    mount = root[0]
    options = mount.get("options", [])
    try:
        if mount.get("type") == "overlay":
            return Tree(overlay.detached(overlay.from_options(options)))
        return Tree(mounts.clone(mount["source"], read_only="ro" in options))
    except OSError as error:
        raise SystemProblem(f"cannot mount the image's layers: {error}") from error
