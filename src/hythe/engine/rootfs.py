"""Reading a few small files of a container's root, without running or mounting anything of it.

A root that does not run is a stack of layer directories: the topmost one that has the file wins, a whiteout or
an opaque directory ends the search (kernel documentation, overlayfs). Links are followed inside one layer only.
A running root is reached through /proc/PID/root. Both are opened so that no link leads out (openat2(2)).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Sequence

from hythe.errors import InvalidArgument
from hythe.kernel.overlay import from_options, opaque_attribute
from hythe.kernel.paths import openat2
from hythe.oci.spec import Mount

LIMIT = 4 << 20
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def layer_paths(rootfs: Sequence[Mount]) -> list[str]:
    """The directories behind an overlay root, topmost first (the writable one is the top)."""
    if len(rootfs) != 1 or rootfs[0].get("type") != "overlay":
        raise InvalidArgument("the root file system is not one overlay mount")
    layers = from_options(rootfs[0]["options"])
    return ([layers.upper] if layers.upper else []) + layers.lower


def _read(descriptor: int, name: str) -> str:
    with open(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InvalidArgument(f"/{name} in the container is not a regular file")
        return file.read(min(status.st_size, LIMIT)).decode(errors="replace")


def _in_layer(layer: str, name: str) -> tuple[str | None, bool]:
    """(text or None, whether to stop looking further down)."""
    root = os.open(layer, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        place = openat2(root, name, os.O_PATH | os.O_NOFOLLOW)
        try:
            status = os.fstat(place)
            if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
                return None, True
        finally:
            os.close(place)
        return _read(openat2(root, name, os.O_RDONLY | os.O_NONBLOCK), name), True
    except OSError as error:
        if error.errno not in _ABSENT:
            raise
        return None, _hides_below(layer, os.path.dirname(name))
    finally:
        os.close(root)


def _hides_below(layer: str, folder: str) -> bool:
    """Whether this layer's `folder` is opaque or a whiteout, so that lower layers are not seen through it."""
    path = f"{layer}/{folder}"
    try:
        status = os.lstat(path)
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            return True
        return os.getxattr(path, opaque_attribute(), follow_symlinks=False) == b"y"
    except OSError:
        return False


def read_files(rootfs: Sequence[Mount], names: Iterable[str]) -> dict[str, str]:
    """The text of each file named relative to the root; "" for what is not there."""
    layers = layer_paths(rootfs)
    texts = {}
    for name in names:
        texts[name] = ""
        for layer in layers:
            text, stop = _in_layer(layer, name)
            if stop:
                texts[name] = text or ""
                break
    return texts


def read_running_files(pid: int, names: Iterable[str]) -> dict[str, str]:
    """The same as the running process `pid` sees them."""
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        texts = {}
        for name in names:
            try:
                texts[name] = _read(openat2(root, name, os.O_RDONLY | os.O_NONBLOCK), name)
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise
                texts[name] = ""
        return texts
    finally:
        os.close(root)
