"""A StatefulSet's status. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hythe.kube.controllers.pods import is_available, is_terminating
from hythe.kube.controllers.statefulset.identity import revision_of
from hythe.kube.controllers.statefulset.plan import is_healthy, partition, replicas, sorted_out
from hythe.kube.objects.types import Object


def calculate(owner: Object, pods: Sequence[Object], current: str, update: str, now: datetime) -> Object:
    """The whole status; when an update is complete, the update revision becomes the current one."""
    found = sorted_out(owner, pods)
    there = [*found.wanted.values(), *found.condemned]
    patience = int(owner["spec"].get("minReadySeconds") or 0)
    lasting = [pod for pod in there if not is_terminating(pod)]
    updated = sum(revision_of(pod) == update for pod in lasting)
    ready = sum(map(is_healthy, there))
    status: Object = {
        "observedGeneration": owner["metadata"].get("generation", 0),
        "replicas": len(there),
        "readyReplicas": ready,
        "availableReplicas": sum(is_healthy(pod) and is_available(pod, patience, now) for pod in there),
        "currentReplicas": sum(revision_of(pod) == current for pod in lasting),
        "updatedReplicas": updated,
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": int((owner.get("status") or {}).get("collisionCount") or 0),
    }
    strategy = (owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
    wanted = replicas(owner)
    if strategy == "RollingUpdate" and not partition(owner) and updated == ready == len(there) == wanted:
        status |= {"currentRevision": update, "currentReplicas": updated}
    kept = ("replicas", "collisionCount", "availableReplicas")
    status["conditions"] = (owner.get("status") or {}).get("conditions")  # others'
    return {name: value for name, value in status.items() if value or name in kept}
