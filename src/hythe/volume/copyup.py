"""Filling a volume with what an image has at the place where it will be mounted.

The image is read as the kernel shows it, its layers merged (`kernel.overlay.detached`), and the path is resolved
inside of it by openat2(2): links of the image mean what they will mean in the container, and none leads to the
host. Only descriptors are used from there on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from hythe.errors import SystemProblem
from hythe.kernel import overlay
from hythe.kernel.paths import openat2
from hythe.volume.copytree import Copier

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_ABSENT: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def from_layers(layers: Sequence[Path], target: str, destination: Path) -> bool:
    """Copy what the image of these layers, topmost first, has in `target` into a directory.

    Whether it has a directory there. Raises SystemProblem when the kernel refuses to mount the layers.
    """
    try:
        root = overlay.detached(overlay.Layers([str(path) for path in layers], None, None, []))
    except OSError as error:
        raise SystemProblem(f"cannot mount the image's layers: {error}") from error
    with ExitStack() as stack:
        stack.callback(os.close, root)
        try:
            source = openat2(root, target, _DIRECTORY)
        except OSError as error:
            if error.errno in _ABSENT:
                return False
            raise
        stack.callback(os.close, source)
        place = os.open(destination, _DIRECTORY)
        stack.callback(os.close, place)
        Copier(source, place).run()
    return True
