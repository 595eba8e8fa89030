"""hostPath volumes: a path of the node, checked or made by its `type`.

Source: https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from hythe.kube.kubelet.volumes.problem import VolumeProblem
from hythe.kube.objects.types import Object

_KINDS: dict[str, tuple[Callable[[int], bool], str]] = {
    "Directory": (stat.S_ISDIR, "is not a directory"),
    "DirectoryOrCreate": (stat.S_ISDIR, "is not a directory"),
    "File": (stat.S_ISREG, "is not a file"),
    "FileOrCreate": (stat.S_ISREG, "is not a file"),
    "Socket": (stat.S_ISSOCK, "is not a socket file"),
    "CharDevice": (stat.S_ISCHR, "is not a character device"),
    "BlockDevice": (stat.S_ISBLK, "is not a block device"),
}


def prepare(volume: Object) -> Path:
    """The path, ready for use. Raises VolumeProblem."""
    place, kind = Path(volume["path"]), str(volume.get("type") or "")
    if kind == "DirectoryOrCreate" and not place.exists():
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
    elif kind == "FileOrCreate" and not place.exists():
        _new_file(place)
    if not kind:
        return place
    if kind not in _KINDS:
        raise VolumeProblem(f"{kind} is an invalid volume type")
    fits, otherwise = _KINDS[kind]
    try:
        mode = os.stat(place).st_mode
    except OSError:
        raise VolumeProblem(f"hostPath type check failed: {place} {otherwise}") from None
    if not fits(mode):
        raise VolumeProblem(f"hostPath type check failed: {place} {otherwise}")
    return place


def _new_file(place: Path) -> None:
    try:
        os.close(os.open(place, os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, 0o644))
    except OSError as error:
        raise VolumeProblem(f"hostPath type check failed: {place} is not a file: {error.strerror}") from error
