"""Conditions of a Deployment: reading and setting them as Kubernetes does. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hythe.kube.client.clock import timestamp
from hythe.kube.objects.types import Object

PROGRESSING: Final = "Progressing"
AVAILABLE: Final = "Available"
REPLICA_FAILURE: Final = "ReplicaFailure"

COMPLETE: Final = "NewReplicaSetAvailable"
TIMED_OUT: Final = "ProgressDeadlineExceeded"

_NEVER: Final = 2**31 - 1


def find(conditions: list[Object], kind: str) -> Object | None:
    return next((each for each in conditions if each["type"] == kind), None)


def made(kind: str, status: str, reason: str, message: str, now: datetime) -> Object:
    at = timestamp(now)
    return {
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastUpdateTime": at, "lastTransitionTime": at,
    }  # fmt: skip


def put(conditions: list[Object], new: Object) -> list[Object]:
    """With `new` in it; one of the same status and reason stands already. A transition is a change of status."""
    known = find(conditions, new["type"])
    if known is not None and (known["status"], known.get("reason")) == (new["status"], new["reason"]):
        return conditions
    if known is not None and known["status"] == new["status"]:
        new = {**new, "lastTransitionTime": known["lastTransitionTime"]}
    return [*without(conditions, new["type"]), new]


def without(conditions: list[Object], kind: str) -> list[Object]:
    return [each for each in conditions if each["type"] != kind]


def deadline(deployment: Object) -> int | None:
    """progressDeadlineSeconds; None: it may take forever."""
    seconds = int(deployment["spec"].get("progressDeadlineSeconds", 600))
    return None if seconds == _NEVER else seconds
