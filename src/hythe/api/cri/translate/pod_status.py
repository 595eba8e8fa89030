"""A pod as CRI shows it, from the engine's record."""

from __future__ import annotations

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.records import Pod


def state(pod: Pod) -> cri.PodSandboxState.ValueType:
    return cri.SANDBOX_READY if pod.ready else cri.SANDBOX_NOTREADY


def pod_item(pod: Pod) -> cri.PodSandbox:
    """As a list has it."""
    return cri.PodSandbox(
        id=pod.record.id,
        metadata=pod.config.metadata,
        state=state(pod),
        created_at=pod.record.created,
        labels=pod.config.labels,
        annotations=pod.config.annotations,
        runtime_handler=pod.request.runtime_handler,
    )


def pod_status(pod: Pod) -> cri.PodSandboxStatus:
    context = pod.config.linux.security_context
    return cri.PodSandboxStatus(
        id=pod.record.id,
        metadata=pod.config.metadata,
        state=state(pod),
        created_at=pod.record.created,
        network=cri.PodSandboxNetworkStatus(ip=address(pod)),
        linux=cri.LinuxPodSandboxStatus(namespaces=cri.Namespace(options=context.namespace_options)),
        labels=pod.config.labels,
        annotations=pod.config.annotations,
        runtime_handler=pod.request.runtime_handler,
    )


def address(pod: Pod) -> str:
    """Its own address; "" on the host's network, and when it has been stopped."""
    return next((e.ipv4 for e in pod.record.endpoints.values() if e.ipv4), "")


def attributes(pod: Pod) -> cri.PodSandboxAttributes:
    """As figures name it."""
    return cri.PodSandboxAttributes(
        id=pod.record.id,
        metadata=pod.config.metadata,
        labels=pod.config.labels,
        annotations=pod.config.annotations,
    )
