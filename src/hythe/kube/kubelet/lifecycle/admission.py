"""Whether this node takes a pod at all: it may have been given by somebody who did not look (`spec.nodeName`).

A pod that is refused fails at once, with the reason and message of the real kubelet's admission.
Source: pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/sysctl of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from hythe.kube.kubelet.pods import parts, resources, security
from hythe.kube.kubelet.pods.quantities import amount
from hythe.kube.kubelet.status.pod import Failure
from hythe.kube.objects.types import Object

SAFE_SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    }
)  # fmt: skip


def refusal(
    pod: Object, others: Iterable[Object], allocatable: Mapping[str, str], labels: Mapping[str, str]
) -> Failure | None:
    """Why `pod` cannot be here beside `others`, the pods that are; None if it can."""
    there = [other for other in others if not parts.is_terminal(other)]
    return (
        _unsupported(pod)
        or _selector(pod, labels)
        or _resources(pod, there, allocatable)
        or _ports(pod, there)
    )


def _unsupported(pod: Object) -> Failure | None:
    for name in security.sysctls(pod):
        if name not in SAFE_SYSCTLS:
            return Failure("SysctlForbidden", f'forbidden sysctl: "{name}" not allowlisted')
    spec = pod["spec"]
    if spec.get("hostUsers") is False:
        return Failure("UnexpectedAdmissionError", "user namespaces (hostUsers: false) are not supported")
    if spec.get("resourceClaims"):
        return Failure("UnexpectedAdmissionError", "dynamic resource allocation is not supported")
    if any(one.get("volumeDevices") for one in parts.every_container(pod)):
        return Failure("UnexpectedAdmissionError", "block volumes (volumeDevices) are not supported")
    return None


def _selector(pod: Object, labels: Mapping[str, str]) -> Failure | None:
    wanted = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        why = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
        return Failure("NodeAffinity", f"Pod was rejected: {why}")
    return None


def _resources(pod: Object, others: list[Object], allocatable: Mapping[str, str]) -> Failure | None:
    room = amount(allocatable.get("pods", "110"))
    if len(others) + 1 > room:
        return _lacks("pods", Decimal(1), Decimal(len(others)), room)
    asked = {
        name
        for one in parts.every_container(pod)
        for sort in ("requests", "limits")
        for name in (one.get("resources") or {}).get(sort) or {}
    }
    for name in sorted(asked):
        wanted = resources.effective(pod, "requests", name) or Decimal(0)
        used = sum(
            (resources.effective(other, "requests", name) or Decimal(0) for other in others), Decimal(0)
        )
        whole = amount(allocatable.get(name, "0"))
        if wanted and used + wanted > whole:
            return _lacks(name, wanted, used, whole)
    return None


def _lacks(name: str, wanted: Decimal, used: Decimal, whole: Decimal) -> Failure:
    scale = 1000 if name == "cpu" else 1
    figures = [int(one * scale) for one in (wanted, used, whole)]
    return Failure(
        f"OutOf{name}",
        f"Pod was rejected: Node didn't have enough resource: {name}, requested: {figures[0]}, used: {figures[1]},"
        f" capacity: {figures[2]}",
    )


def _host_ports(pod: Object) -> Iterator[tuple[str, str, int]]:
    for one in [*parts.init_containers(pod), *parts.containers(pod)]:
        for port in one.get("ports") or []:
            if port.get("hostPort"):
                yield port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", int(port["hostPort"])


def _ports(pod: Object, others: list[Object]) -> Failure | None:
    taken = {port for other in others for port in _host_ports(other)}
    for ip, protocol, number in _host_ports(pod):
        for other_ip, other_protocol, other_number in taken:
            same = (protocol, number) == (other_protocol, other_number)
            if same and (ip == other_ip or "0.0.0.0" in (ip, other_ip)):
                return Failure(
                    "NodePorts",
                    "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod"
                    " ports",
                )
    return None
