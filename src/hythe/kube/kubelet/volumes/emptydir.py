"""emptyDir: a folder of the pod's own, on the node's disk or, with `medium: Memory`, a tmpfs of its `sizeLimit`.

What a folder on disk may hold is watched, not enforced: a pod that writes more is evicted (`limits`).
"""

from __future__ import annotations

import os
from pathlib import Path

from hythe.kernel import mounts
from hythe.kube.kubelet.pods.quantities import amount
from hythe.kube.kubelet.volumes.problem import VolumeProblem, VolumeUnsupported
from hythe.kube.objects.types import Object


def prepare(place: Path, volume: Object) -> None:
    """Make it, or leave it as it is. Raises VolumeProblem."""
    medium = str(volume.get("medium") or "")
    if medium not in ("", "Memory"):
        raise VolumeUnsupported(f'emptyDir of medium "{medium}" is not supported')
    if not place.exists():
        place.mkdir(parents=True, mode=0o755)
        place.chmod(0o777)
    if medium == "Memory" and not os.path.ismount(place):
        _tmpfs(place, volume.get("sizeLimit"))


def _tmpfs(place: Path, limit: object) -> None:
    options: list[tuple[str, str | None]] = [("mode", "0777")]
    if limit and (size := int(amount(limit))):
        options.append(("size", str(size)))
    try:
        tree = mounts.filesystem("tmpfs", options)
        target = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            mounts.attach(tree, target, name=str(place))
        finally:
            os.close(target)
            os.close(tree)
    except OSError as error:
        raise VolumeProblem(f"mount failed: {error.strerror}") from error


def usage(place: Path) -> int:
    """Bytes on disk, as du(1) counts them; files that vanish meanwhile are passed over."""
    total = 0
    for base, _, files in os.walk(place):
        for name in files:
            try:
                total += os.lstat(os.path.join(base, name)).st_blocks * 512
            except OSError:
                continue
    return total
