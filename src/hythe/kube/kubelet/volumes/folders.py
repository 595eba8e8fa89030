"""Where a pod's volumes are, and taking all of a pod away again, mounts included.

ROOT/pods/UID/volumes/kubernetes.io~KIND/NAME
ROOT/pods/UID/volume-subpaths/VOLUME/CONTAINER/INDEX     bind mounts
ROOT/pods/UID/containers/NAME/ATTEMPT                    termination messages
ROOT/pods/UID/etc-hosts
"""

from __future__ import annotations

import shutil
from pathlib import Path

from hythe.kernel import mounts
from hythe.kernel.mountinfo import read_mounts

PLUGINS = {
    "emptyDir": "empty-dir", "configMap": "configmap", "secret": "secret", "downwardAPI": "downward-api",
    "projected": "projected",
}  # fmt: skip


def volume_folder(pod_folder: Path, kind: str, name: str) -> Path:
    return pod_folder / "volumes" / f"kubernetes.io~{PLUGINS[kind]}" / name


def subpath(pod_folder: Path, volume: str, container: str, index: int) -> Path:
    return pod_folder / "volume-subpaths" / volume / container / str(index)


def termination_log(pod_folder: Path, container: str, attempt: int) -> Path:
    return pod_folder / "containers" / container / str(attempt)


def mounted_below(folder: Path) -> list[str]:
    """Mount points, the innermost first. Never what is below a hostPath: those are not mounted here."""
    prefix = f"{folder}/"
    found = [entry.point for entry in read_mounts("self") if entry.point.startswith(prefix)]
    return sorted(found, key=len, reverse=True)


def remove(folder: Path) -> None:
    """The folder of a pod that has ended. Raises OSError; nothing is deleted while something is mounted in it."""
    for point in mounted_below(folder):
        mounts.unmount(point)
    if left := mounted_below(folder):
        raise OSError(f"still mounted: {', '.join(left)}")
    if folder.exists():
        shutil.rmtree(folder)


def is_mount_point(place: Path) -> bool:
    """Also for a bind mount of a file, or within one file system, which os.path.ismount(3) does not see."""
    return any(entry.point == str(place) for entry in read_mounts("self"))
