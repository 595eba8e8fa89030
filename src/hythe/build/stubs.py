"""Mount points that a container needs and an image should not keep.

To mount something, a directory or file must be there; where the image had none, the runtime makes an empty
one, and it would end up in the layer. So what was missing is noted before a RUN, and what is still empty is
taken away after it (docker has a layer of the container's own for these; BuildKit cleans up as done here).
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Sequence
from typing import Final

from hythe.build.rootfs import open_tree
from hythe.build.tree import Tree
from hythe.kernel import paths
from hythe.oci.spec import Mount

_USUAL: Final = (
    "/proc", "/sys", "/dev", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/.dockerenv",
)  # fmt: skip


def missing(rootfs: Sequence[Mount], targets: Sequence[str]) -> list[str]:
    """The paths on the way to mount points, the usual ones too, that the root does not have; outer first."""
    found: list[str] = []
    with open_tree(rootfs) as root:
        for target in (*_USUAL, *targets):
            prefix = ""
            for part in posixpath.normpath(target).strip("/").split("/"):
                prefix += "/" + part
                if prefix not in found and root.status(prefix) is None:
                    found.append(prefix)
    return found


def clear(rootfs: Sequence[Mount], stubs: Sequence[str]) -> None:
    """Remove those of the paths that are empty directories or empty files."""
    if not stubs:
        return
    with open_tree(rootfs) as root:
        for path in sorted(stubs, key=len, reverse=True):
            _remove_empty(root, path)


def _remove_empty(root: Tree, path: str) -> None:
    folder, name = posixpath.split(path)
    try:
        parent = paths.locate(root.descriptor, folder, flags=os.O_DIRECTORY)
    except OSError:
        return  # the command took it away
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            os.rmdir(name, dir_fd=parent)
        elif stat.S_ISREG(status.st_mode) and status.st_size == 0:
            os.unlink(name, dir_fd=parent)
    except OSError:
        return  # not empty, or gone: then it is the command's own
    finally:
        os.close(parent)
