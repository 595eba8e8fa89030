"""subPath: a part of a volume, safe against a container that swaps links while it is being mounted (CVE-2021-25741).

The path is resolved below the volume's folder by openat2(2), which never leaves it; what is found is pinned by its
descriptor and bind-mounted, from that descriptor, at a place of the kubelet's own, which the runtime is then given.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hythe.kernel import mounts, paths
from hythe.kube.kubelet.volumes.folders import is_mount_point
from hythe.kube.kubelet.volumes.problem import VolumeProblem


def bind(volume: Path, sub: str, place: Path, *, read_only: bool) -> Path:
    """Mount the part `sub` of `volume` at `place`, which is made; it is made in the volume where it is missing.

    A place where it is mounted already is left as it is, another one's mount is replaced. Raises VolumeProblem.
    """
    if sub.startswith("/") or ".." in sub.split("/"):
        raise VolumeProblem(f"subPath must be a relative path without '..': {sub}")
    try:
        root = os.open(volume, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = _find(root, sub, read_only=read_only)
        finally:
            os.close(root)
        try:
            if not _is_mounted(found, place):
                _mount(found, place)
        finally:
            os.close(found)
    except OSError as error:
        raise VolumeProblem(
            f'failed to prepare subPath for volumeMount "{volume.name}": {error.strerror}'
        ) from error
    return place


def _find(root: int, sub: str, *, read_only: bool) -> int:
    try:
        return paths.locate(root, sub)
    except FileNotFoundError:
        if read_only:
            raise
        return paths.directory_in_root(root, sub, mode=0o750)


def _is_mounted(found: int, place: Path) -> bool:
    """Whether it is there already; what else is mounted there is unmounted."""
    if not is_mount_point(place):
        return False
    there, wanted = os.stat(place), os.fstat(found)
    if (there.st_dev, there.st_ino) == (wanted.st_dev, wanted.st_ino):
        return True
    mounts.unmount(str(place))
    return False


def _mount(found: int, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISDIR(os.fstat(found).st_mode):
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    tree = mounts.clone("", dirfd=found, recursive=True)
    try:
        target = os.open(place, os.O_PATH | os.O_CLOEXEC)
        try:
            mounts.attach(tree, target, name=str(place))
        finally:
            os.close(target)
    finally:
        os.close(tree)
