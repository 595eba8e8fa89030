"""A ReplicaSet's status, from its pods. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hythe.kube.client.cache import copied
from hythe.kube.client.clock import timestamp
from hythe.kube.controllers.pods import condition, is_available, is_ready
from hythe.kube.objects.types import Object


def calculate(
    owner: Object, labels: Object, pods: Sequence[Object], failure: tuple[str, str] | None, now: datetime
) -> Object:
    """`labels` are the template's; `failure` is (reason, message) of what could not be done to the pods."""
    spec = owner["spec"]
    patience = int(spec.get("minReadySeconds") or 0)
    status: Object = {
        "replicas": len(pods),
        "fullyLabeledReplicas": sum(_has(pod, labels) for pod in pods),
        "readyReplicas": sum(map(is_ready, pods)),
        "availableReplicas": sum(is_available(pod, patience, now) for pod in pods),
        "observedGeneration": owner["metadata"].get("generation", 0),
    }
    status = {name: value for name, value in status.items() if value or name == "replicas"}
    conditions = _conditions(owner, failure, now)
    if conditions:
        status["conditions"] = conditions
    return status


def _conditions(owner: Object, failure: tuple[str, str] | None, now: datetime) -> list[Object]:
    kept = copied((owner.get("status") or {}).get("conditions") or [])
    known = condition(owner, "ReplicaFailure")
    if failure is None:
        return [each for each in kept if each["type"] != "ReplicaFailure"]
    if known is not None and known.get("reason") == failure[0]:
        return kept
    others = [each for each in kept if each["type"] != "ReplicaFailure"]
    new = {
        "type": "ReplicaFailure", "status": "True", "reason": failure[0], "message": failure[1],
        "lastTransitionTime": timestamp(now),
    }  # fmt: skip
    return [*others, new]


def _has(pod: Object, labels: Object) -> bool:
    carried = pod["metadata"].get("labels") or {}
    return all(carried.get(name) == value for name, value in labels.items())
