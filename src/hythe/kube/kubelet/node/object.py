"""The Node object: labels, taints, and a status of capacity, conditions, addresses, images and versions.

Conditions: MemoryPressure, DiskPressure and PIDPressure by the real kubelet's default thresholds, Ready while the
runtime and its network say they are. A condition keeps its `lastTransitionTime` while its status stays.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.config import Settings
from hythe.kube.kubelet.node import machine
from hythe.kube.objects.types import Object

MEMORY_AVAILABLE = 100 * 1024 * 1024
DISK_FREE = 0.10
INODES_FREE = 0.05


class Report(NamedTuple):
    """What the runtime says. `problems`: why it is not ready, empty if it is."""

    runtime: str
    problems: list[str]
    images: list[cri.Image]


def new_node(settings: Settings) -> Object:
    """To register with, without its status."""
    found = machine.identity()
    labels = {
        "beta.kubernetes.io/arch": found.architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": found.architecture,
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": settings.node_name,
        **settings.labels,
    }
    spec: Object = {}
    if settings.taints:
        spec["taints"] = [dict(one) for one in settings.taints]
    if settings.pod_cidr:
        spec |= {"podCIDR": settings.pod_cidr, "podCIDRs": [settings.pod_cidr]}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": settings.node_name,
            "labels": labels,
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": spec,
    }


def status(
    settings: Settings,
    port: int,
    ips: Iterable[str],
    whole: Mapping[str, str],
    free: Mapping[str, str],
    report: Report,
    old: Iterable[Object],
    now: str,
) -> Object:
    """`whole` and `free` are capacity and allocatable; `old` the conditions that were reported before."""
    found = machine.identity()
    return {
        "addresses": [
            *({"type": "InternalIP", "address": address} for address in ips),
            {"type": "Hostname", "address": settings.node_name},
        ],
        "capacity": dict(whole),
        "allocatable": dict(free),
        "conditions": conditions(settings, report, old, now),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "images": _images(report.images, settings.images_kept),
        "nodeInfo": {
            "machineID": found.machine_id,
            "systemUUID": found.system_uuid,
            "bootID": found.boot_id,
            "kernelVersion": found.kernel,
            "osImage": found.os_image,
            "containerRuntimeVersion": report.runtime,
            "kubeletVersion": settings.version,
            "kubeProxyVersion": settings.version,
            "operatingSystem": "linux",
            "architecture": found.architecture,
        },
    }


def _images(some: Iterable[cri.Image], most: int) -> list[Object]:
    """The largest, with at most five names each."""
    ordered = sorted(some, key=lambda one: -one.size)[:most]
    return [
        {"names": [*one.repo_digests, *one.repo_tags][:5], "sizeBytes": one.size}
        for one in ordered
        if one.repo_digests or one.repo_tags
    ]


def conditions(settings: Settings, report: Report, old: Iterable[Object], now: str) -> list[Object]:
    before = {one["type"]: one for one in old}
    made = [
        _pressure("MemoryPressure", _no_memory(), "InsufficientMemory", "SufficientMemory", "memory"),
        _pressure("DiskPressure", _no_disk(settings), "DiskPressure", "NoDiskPressure", "disk"),
        _pressure("PIDPressure", _no_pids(), "InsufficientPID", "SufficientPID", "PID"),
        _ready(report),
    ]
    return [_dated(one, before.get(one["type"]), now) for one in made]


def _dated(made: Object, old: Object | None, now: str) -> Object:
    same = old is not None and old.get("status") == made["status"]
    since: Any = old.get("lastTransitionTime") if old is not None and same else now
    return made | {"lastHeartbeatTime": now, "lastTransitionTime": since or now}


def _pressure(kind: str, holds: bool, bad: str, good: str, what: str) -> Object:
    if holds:
        said = f"kubelet has insufficient {what} available" if what != "disk" else "kubelet has disk pressure"
        return {"type": kind, "status": "True", "reason": f"KubeletHas{bad}", "message": said}
    said = f"kubelet has sufficient {what} available" if what != "disk" else "kubelet has no disk pressure"
    return {"type": kind, "status": "False", "reason": f"KubeletHas{good}", "message": said}


def _ready(report: Report) -> Object:
    if report.problems:
        return {
            "type": "Ready", "status": "False", "reason": "KubeletNotReady",
            "message": f"[{', '.join(report.problems)}]" if len(report.problems) > 1 else report.problems[0],
        }  # fmt: skip
    return {
        "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status",
    }  # fmt: skip


def _no_memory() -> bool:
    return machine.memory().get("MemAvailable", MEMORY_AVAILABLE) < MEMORY_AVAILABLE


def _no_disk(settings: Settings) -> bool:
    whole, left = machine.disk(settings.root)
    nodes, nodes_left = machine.inodes(settings.root)
    return left < whole * DISK_FREE or nodes_left < nodes * INODES_FREE


def _no_pids() -> bool:
    limit, there = machine.pid_limit()
    return limit - there < limit * 0.01


def hostname() -> str:
    """A node's usual name."""
    return socket.gethostname().lower()
