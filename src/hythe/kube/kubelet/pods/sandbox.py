"""The configuration of a pod's sandbox, as RunPodSandbox takes it."""

from __future__ import annotations

from typing import Any

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.config import Settings
from hythe.kube.kubelet.pods import names, parts, resources, security
from hythe.kube.kubelet.pods.dns import Resolver, resolver, uts_name
from hythe.kube.objects.types import Object

PROTOCOLS: dict[str, Any] = {"TCP": cri.TCP, "UDP": cri.UDP, "SCTP": cri.SCTP}


def sandbox_config(
    pod: Object, settings: Settings, host: Resolver, attempt: int, cgroup_parent: str
) -> cri.PodSandboxConfig:
    """`host` is the node's resolv.conf. Raises ValueError for a hostname that cannot be."""
    names_of = resolver(pod, host, settings.cluster_dns, settings.cluster_domain)
    return cri.PodSandboxConfig(
        metadata=cri.PodSandboxMetadata(
            name=names.name(pod), namespace=names.namespace(pod), uid=names.uid(pod), attempt=attempt
        ),
        hostname=uts_name(pod, settings.cluster_domain),
        log_directory=str(names.log_directory(settings.pod_logs, pod)),
        dns_config=cri.DNSConfig(
            servers=names_of.servers, searches=names_of.searches, options=names_of.options
        ),
        port_mappings=_ports(pod),
        labels={**(pod["metadata"].get("labels") or {}), **names.pod_labels(pod)},
        annotations={**(pod["metadata"].get("annotations") or {}), names.CONFIG_SOURCE: "api"},
        linux=cri.LinuxPodSandboxConfig(
            cgroup_parent=cgroup_parent,
            security_context=security.sandbox_context(pod, settings.root / "seccomp"),
            sysctls=security.sysctls(pod),
            resources=_resources(pod),
        ),
    )


def _ports(pod: Object) -> list[cri.PortMapping]:
    """Only what is published: others are the pod's own business."""
    if parts.host_network(pod):
        return []
    return [
        cri.PortMapping(
            protocol=PROTOCOLS.get(port.get("protocol") or "TCP", cri.TCP),
            container_port=int(port["containerPort"]),
            host_port=int(port["hostPort"]),
            host_ip=port.get("hostIP") or "",
        )
        for one in [*parts.init_containers(pod), *parts.containers(pod)]
        for port in one.get("ports") or []
        if port.get("hostPort")
    ]


def _resources(pod: Object) -> cri.LinuxContainerResources:
    limits = resources.pod_limits(pod)
    return cri.LinuxContainerResources(
        cpu_period=resources.PERIOD,
        cpu_quota=limits.cpu_quota or 0,
        cpu_shares=limits.cpu_shares,
        memory_limit_in_bytes=limits.memory or 0,
    )
