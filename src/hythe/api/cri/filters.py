"""What a list is narrowed to."""

from __future__ import annotations

from collections.abc import Mapping

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.records import Member, Pod
from hythe.api.cri.translate import container_status, pod_status


def labelled(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether all labels of the selector are there with its values."""
    return all(labels.get(name) == value for name, value in selector.items())


def pods(found: list[Pod], wanted: cri.PodSandboxFilter) -> list[Pod]:
    return [
        pod
        for pod in found
        if pod.record.id.startswith(wanted.id)
        and (not wanted.HasField("state") or pod_status.state(pod) == wanted.state.state)
        and labelled(wanted.label_selector, pod.config.labels)
    ]


def containers(found: list[Member], wanted: cri.ContainerFilter) -> list[Member]:
    return [
        one
        for one in found
        if one.record.id.startswith(wanted.id)
        and one.pod_id.startswith(wanted.pod_sandbox_id)
        and (not wanted.HasField("state") or container_status.state(one.record.state) == wanted.state.state)
        and labelled(wanted.label_selector, one.config.labels)
    ]
