"""Filling a volume with what an image has at the place where it will be mounted.

The image is read as the kernel shows it, its layers merged (`store.merged`), and the path is resolved inside of it
by openat2(2): links of the image mean what they will mean in the container, and none leads to the host. Only
descriptors are used from there on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hythe.kernel.paths import openat2
from hythe.store.merged import merged
from hythe.volume.copytree import Copier

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_ABSENT: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def from_layers(layers: Sequence[Path], target: str, destination: Path) -> bool:
    """Copy what the image of these layers has in `target` into a directory; whether it has a directory there."""
    with merged(layers) as root:
        return from_root(root, target, destination)


def from_root(root: int, target: str, destination: Path) -> bool:
    """The same for an image whose root is the directory descriptor `root`."""
    try:
        source = openat2(root, target, _DIRECTORY)
    except OSError as error:
        if error.errno in _ABSENT:
            return False
        raise
    try:
        place = os.open(destination, _DIRECTORY)
        try:
            Copier(source, place).run()
        finally:
            os.close(place)
    finally:
        os.close(source)
    return True
