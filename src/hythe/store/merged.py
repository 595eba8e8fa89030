"""Layers as the one tree that they show together, for reading, without a mount that anybody could see.

The kernel's own overlayfs does the merging: a *detached* mount that only its descriptor leads to, and that goes
with it. A kernel that does not take lower directories one by one (before 6.7) mounts by name; there the mount is
visible for the moment until it has been detached from its place again.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hythe.errors import SystemProblem
from hythe.kernel import mounts, overlay

_STRING_LIMIT: Final = 255


@contextmanager
def merged(layers: Sequence[Path]) -> Iterator[int]:
    """A descriptor of the root of what `layers`, topmost first, show together. Raises SystemProblem."""
    try:
        root = _open([str(path) for path in layers])
    except OSError as error:
        raise SystemProblem(f"cannot mount the image's layers: {error}") from error
    try:
        yield root
    finally:
        os.close(root)


def _open(layers: list[str]) -> int:
    if len(layers) == 1:
        return os.open(layers[0], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if all(len(os.fsencode(path)) <= _STRING_LIMIT for path in layers):
        try:
            options = [("lowerdir+", path) for path in layers]
            return mounts.filesystem("overlay", options, mounts.MOUNT_ATTR_RDONLY)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
    return _by_name(layers)


def _by_name(layers: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="hythe-merged-") as place:
        root = overlay.mount(overlay.Layers(layers, None, None, []), place, read_only=True)
        mounts.unmount(place)
    return root
