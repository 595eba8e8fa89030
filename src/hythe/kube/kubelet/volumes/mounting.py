"""A container's volumeMounts, and the mounts that every container has, as the runtime takes them.

Source: makeMounts of Kubernetes. ConfigMaps, Secrets and their like are always read-only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.env.expansion import expand, unknown_names
from hythe.kube.kubelet.env.variables import ConfigProblem
from hythe.kube.kubelet.volumes import folders, subpath
from hythe.kube.kubelet.volumes.manager import Ready
from hythe.kube.kubelet.volumes.problem import VolumeProblem
from hythe.kube.objects.types import Object

_PROPAGATION: dict[str, Any] = {
    "None": cri.PROPAGATION_PRIVATE,
    "HostToContainer": cri.PROPAGATION_HOST_TO_CONTAINER,
    "Bidirectional": cri.PROPAGATION_BIDIRECTIONAL,
}
ETC_HOSTS = "/etc/hosts"


def container_mounts(
    container: Object, volumes: Mapping[str, Ready], env: Mapping[str, str], pod_folder: Path
) -> list[cri.Mount]:
    """Raises ConfigProblem for a mount that cannot be."""
    return [
        _mount(container, mount, index, volumes, env, pod_folder)
        for index, mount in enumerate(container.get("volumeMounts") or [])
    ]


def _mount(
    container: Object,
    mount: Object,
    index: int,
    volumes: Mapping[str, Ready],
    env: Mapping[str, str],
    pod_folder: Path,
) -> cri.Mount:
    volume = volumes.get(mount["name"])
    if volume is None:
        raise ConfigProblem(
            f"cannot find volume {mount['name']!r} to mount into container {container['name']!r}"
        )
    read_only = bool(mount.get("readOnly")) or volume.read_only
    host = volume.path
    if sub := _sub(mount, env):
        place = folders.subpath(pod_folder, mount["name"], container["name"], index)
        try:
            host = subpath.bind(volume.path, sub, place, read_only=volume.read_only)
        except VolumeProblem as error:
            raise ConfigProblem(error.message) from error
    inside = re.sub(r"^(?!/)", "/", mount["mountPath"])
    return cri.Mount(
        container_path=inside,
        host_path=str(host),
        readonly=read_only,
        propagation=_PROPAGATION[mount.get("mountPropagation") or "None"],
        recursive_read_only=mount.get("recursiveReadOnly") in ("Enabled",),
    )


def _sub(mount: Object, env: Mapping[str, str]) -> str:
    expression = mount.get("subPathExpr")
    if not expression:
        return str(mount.get("subPath") or "")
    if missing := unknown_names(expression, env):
        raise ConfigProblem(f"missing value for {missing[0]!r}")
    return expand(expression, env)


def has(container: Object, path: str) -> bool:
    """Whether one of its own volumes is mounted there."""
    return any(mount["mountPath"].rstrip("/") == path for mount in container.get("volumeMounts") or [])
