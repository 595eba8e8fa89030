"""The container's root for a runtime that takes a directory: mounted in a mount namespace of the program's own.

The child that will become the program leaves the host's mount namespace and mounts the layers at the bundle's
`rootfs`. The program copies that namespace for the container; its own goes when it ends. The host never sees the
mount, and there is none to undo.
"""

from __future__ import annotations

import errno
import os

from hythe.kernel import mounts
from hythe.kernel.namespaces import CLONE_NEWNS, unshare
from hythe.oci.spec import Mount
from hythe.runtime.init import rootfs


def make_place(bundle: str, layers: list[Mount]) -> None:
    """The directory to mount on; with no layers the bundle has a root of its own."""
    if layers:
        os.makedirs(f"{bundle}/rootfs", mode=0o755, exist_ok=True)  # noqa: PTH103


def mount_privately(bundle: str, layers: list[Mount]) -> None:
    """In the child. Raises OSError, InvalidArgument."""
    if not layers:
        return
    unshare(CLONE_NEWNS)
    _cut_off(bundle)
    tree = rootfs.make(bundle, {}, layers, None)
    rootfs.attach(tree, f"{bundle}/rootfs")
    os.close(tree)


def _cut_off(path: str) -> None:
    """Let nothing that is mounted below `path` reach the host.

    Only the mount that `path` is on, the nearest folder above that the kernel takes for a mount's root: all others
    keep their propagation, which a volume may be asked to have.
    """
    folder = os.path.realpath(path)
    while True:
        descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        try:
            mounts.set_attributes(descriptor, propagation=mounts.MS_SLAVE)
            return
        except OSError as error:
            if error.errno != errno.EINVAL or folder == "/":
                raise
        finally:
            os.close(descriptor)
        folder = os.path.dirname(folder)
