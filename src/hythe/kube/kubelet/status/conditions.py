"""The conditions of a pod that belong to the kubelet, with Kubernetes' reasons and messages.

Conditions of others (readiness gates) are kept as they are. A condition's `lastTransitionTime` changes with its
status alone. Source: pkg/kubelet/status/generate.go of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hythe.kube.kubelet.pods import parts
from hythe.kube.kubelet.status.phase import any_main_started
from hythe.kube.objects.types import Object

OWNED = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def conditions(
    pod: Object, statuses: Mapping[str, Object], phase: str, *, sandbox: bool, old: Iterable[Object], now: str
) -> list[Object]:
    """All of a pod's conditions. `statuses`: by container name; `sandbox`: it has one that containers can be in."""
    before = {one["type"]: one for one in old}
    foreign = [one for one in (pod.get("status") or {}).get("conditions") or [] if one["type"] not in OWNED]
    containers = _containers_ready(pod, statuses, phase)
    made = [
        _condition("PodReadyToStartContainers", sandbox),
        _initialized(pod, statuses, phase),
        _ready(pod, foreign, containers),
        containers,
        _condition("PodScheduled", True),
    ]
    return [*foreign, *(_since(one, before.get(one["type"]), now) for one in made)]


def _condition(kind: str, holds: bool, reason: str = "", message: str = "") -> Object:
    made: Object = {"type": kind, "status": "True" if holds else "False"}
    return made | ({"reason": reason} if reason else {}) | ({"message": message} if message else {})


def _since(made: Object, old: Object | None, now: str) -> Object:
    same = old is not None and old["status"] == made["status"]
    since = old.get("lastTransitionTime") if old is not None and same else None
    return made | {"lastTransitionTime": since or now}


def _names(some: list[str]) -> str:
    return f"[{' '.join(some)}]"


def _lacking(unknown: list[str], lacking: list[str], what: str) -> str:
    said = []
    if unknown:
        said.append(f"containers with unknown status: {_names(unknown)}")
    if lacking:
        said.append(f"containers with {what} status: {_names(lacking)}")
    return ", ".join(said)


def _initialized(pod: Object, statuses: Mapping[str, Object], phase: str) -> Object:
    unknown, incomplete = [], []
    for one in parts.init_containers(pod):
        status = statuses.get(one["name"])
        if status is None:
            unknown.append(one["name"])
        elif not status.get("started" if parts.is_sidecar(one) else "ready"):
            incomplete.append(one["name"])
    if phase == "Succeeded" and not unknown:
        return _condition("Initialized", True, "PodCompleted")
    if any_main_started(pod, statuses):
        return _condition("Initialized", True)
    message = _lacking(unknown, incomplete, "incomplete")
    if message:
        return _condition("Initialized", False, "ContainersNotInitialized", message)
    return _condition("Initialized", True)


def _containers_ready(pod: Object, statuses: Mapping[str, Object], phase: str) -> Object:
    unknown, unready = [], []
    for one in [*parts.sidecars(pod), *parts.containers(pod)]:
        status = statuses.get(one["name"])
        if status is None:
            unknown.append(one["name"])
        elif not status.get("ready"):
            unready.append(one["name"])
    if phase == "Succeeded" and not unknown:
        return _condition("ContainersReady", False, "PodCompleted")
    if phase == "Failed":
        return _condition("ContainersReady", False, "PodFailed")
    if message := _lacking(unknown, unready, "unready"):
        return _condition("ContainersReady", False, "ContainersNotReady", message)
    return _condition("ContainersReady", True)


def _ready(pod: Object, foreign: Iterable[Object], containers: Object) -> Object:
    if containers["status"] != "True":
        return _condition("Ready", False, containers.get("reason", ""), containers.get("message", ""))
    others = {one["type"]: one for one in foreign}
    said = []
    for gate in pod["spec"].get("readinessGates") or []:
        kind = gate["conditionType"]
        if kind not in others:
            said.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif others[kind]["status"] != "True":
            said.append(
                f'the status of pod readiness gate "{kind}" is not "True", but {others[kind]["status"]}'
            )
    if said:
        return _condition("Ready", False, "ReadinessGatesNotReady", ", ".join(said))
    return _condition("Ready", True)
