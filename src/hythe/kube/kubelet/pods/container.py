"""The configuration of a container, as CreateContainer takes it.

What it is made of was prepared by others: environment and arguments by `env/`, mounts by `volumes/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.config import Settings
from hythe.kube.kubelet.env.expansion import expand
from hythe.kube.kubelet.pods import names, resources, security
from hythe.kube.objects.types import Object


class Prepared(NamedTuple):
    """`image`: its reference; `attempt`: how often the container was restarted; `memory`: the node's bytes."""

    image: str
    attempt: int
    env: Mapping[str, str]
    mounts: Sequence[cri.Mount]
    devices: Sequence[cri.Device]
    memory: int
    target: str = ""


def container_config(
    pod: Object, container: Object, settings: Settings, prepared: Prepared
) -> cri.ContainerConfig:
    name = container["name"]
    return cri.ContainerConfig(
        metadata=cri.ContainerMetadata(name=name, attempt=prepared.attempt),
        image=cri.ImageSpec(image=prepared.image, user_specified_image=container.get("image", "")),
        command=[expand(word, prepared.env) for word in container.get("command") or []],
        args=[expand(word, prepared.env) for word in container.get("args") or []],
        working_dir=container.get("workingDir") or "",
        envs=[cri.KeyValue(key=key, value=value) for key, value in prepared.env.items()],
        mounts=prepared.mounts,
        devices=prepared.devices,
        labels=names.container_labels(pod, container),
        annotations=names.container_annotations(pod, container, prepared.attempt),
        log_path=names.log_path(name, prepared.attempt),
        stdin=bool(container.get("stdin")),
        stdin_once=bool(container.get("stdinOnce")),
        tty=bool(container.get("tty")),
        linux=cri.LinuxContainerConfig(
            resources=_resources(pod, container, prepared.memory),
            security_context=security.container_context(
                pod, container, settings.root / "seccomp", target=prepared.target
            ),
        ),
    )


def _resources(pod: Object, container: Object, memory: int) -> cri.LinuxContainerResources:
    limits = resources.container_limits(container)
    return cri.LinuxContainerResources(
        cpu_period=resources.PERIOD,
        cpu_quota=limits.cpu_quota or 0,
        cpu_shares=limits.cpu_shares,
        memory_limit_in_bytes=limits.memory or 0,
        oom_score_adj=resources.oom_score_adj(pod, container, memory),
    )
