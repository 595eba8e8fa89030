"""Kubernetes events about pods and their containers."""

from __future__ import annotations

from hythe.kube.client.recorder import Recorder
from hythe.kube.kubelet.images.puller import Tell
from hythe.kube.kubelet.pods import parts
from hythe.kube.objects.types import Object

_FIELDS = ("initContainers", "containers", "ephemeralContainers")


def about(pod: Object) -> Object:
    """The pod as an event refers to it: with kind and version, which lists leave out."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]}


def field_path(pod: Object, container: str) -> str:
    """spec.containers{NAME}"""
    for field in _FIELDS:
        if any(one["name"] == container for one in pod["spec"].get(field) or []):
            return f"spec.{field}{{{container}}}"
    return ""


def tell_of(recorder: Recorder, pod: Object, container: str = "") -> Tell:
    """A function that records events of the pod, or of one of its containers; none of a pod whose object is gone."""
    if "spec" not in pod:
        return lambda kind, reason, message: None
    path = field_path(pod, container) if container and parts.container(pod, container) else ""

    def tell(kind: str, reason: str, message: str) -> None:
        recorder.event(about(pod), kind, reason, message, field=path)

    return tell
