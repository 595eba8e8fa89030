"""A Deployment's status from its ReplicaSets: counts, Available, Progressing, ReplicaFailure. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hythe.kube.client.cache import copied
from hythe.kube.client.clock import parse
from hythe.kube.controllers.deployment.conditions import (
    AVAILABLE,
    COMPLETE,
    PROGRESSING,
    REPLICA_FAILURE,
    TIMED_OUT,
    deadline,
    find,
    made,
    put,
    without,
)
from hythe.kube.controllers.deployment.shape import counted, max_unavailable, replicas, total
from hythe.kube.objects.types import Object


def calculate(deployment: Object, newest: Object | None, old: Sequence[Object], now: datetime) -> Object:
    """Counts and Available; other conditions as they were."""
    sets = [each for each in (newest, *old) if each is not None]
    known = deployment.get("status") or {}
    available = counted(sets, "availableReplicas")
    numbers = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": counted(sets, "replicas"),
        "updatedReplicas": counted([newest] if newest else [], "replicas"),
        "readyReplicas": counted(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, total(sets) - available),
        "collisionCount": known.get("collisionCount"),
    }
    status: Object = {name: value for name, value in numbers.items() if value}
    enough = available >= replicas(deployment) - max_unavailable(deployment)
    status["conditions"] = put(copied(known.get("conditions") or []), _available(enough, now))
    return status


def with_progress(
    deployment: Object, newest: Object | None, old: Sequence[Object], status: Object, now: datetime
) -> Object:
    """`status` of `calculate` with Progressing and ReplicaFailure as a rollout sets them."""
    conditions = status["conditions"]
    current = find((deployment.get("status") or {}).get("conditions") or [], PROGRESSING)
    if deadline(deployment) is None:
        conditions = without(conditions, PROGRESSING)
    elif not _was_complete(status, current):
        conditions = _progress(deployment, newest, status, current, now)
    return {**status, "conditions": _with_failure(conditions, newest, old, now)}


def is_complete(deployment: Object, status: Object) -> bool:
    """All pods are of the present template, and available."""
    wanted = replicas(deployment)
    numbers = [int(status.get(name) or 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    seen = int(status.get("observedGeneration") or 0) >= int(deployment["metadata"].get("generation") or 0)
    return seen and all(number == wanted for number in numbers)


def seconds_to_deadline(deployment: Object, status: Object, now: datetime) -> float | None:
    """When to look again whether a rollout is stuck; None: not at all."""
    limit, current = deadline(deployment), find(status.get("conditions") or [], PROGRESSING)
    if limit is None or current is None or is_complete(deployment, status) or current["reason"] == TIMED_OUT:
        return None
    since = parse(current.get("lastUpdateTime")) or now
    return max(0.0, (since + timedelta(seconds=limit) - now).total_seconds()) + 1


def _available(enough: bool, now: datetime) -> Object:
    if enough:
        message = "Deployment has minimum availability."
        return made(AVAILABLE, "True", "MinimumReplicasAvailable", message, now)
    message = "Deployment does not have minimum availability."
    return made(AVAILABLE, "False", "MinimumReplicasUnavailable", message, now)


def _was_complete(status: Object, current: Object | None) -> bool:
    same = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    return same and current is not None and current.get("reason") == COMPLETE


def _progress(
    deployment: Object, newest: Object | None, status: Object, current: Object | None, now: datetime
) -> list[Object]:
    conditions: list[Object] = status["conditions"]
    who = f'ReplicaSet "{newest["metadata"]["name"]}"' if newest else (
        f'Deployment "{deployment["metadata"]["name"]}"'
    )  # fmt: skip
    if is_complete(deployment, status):
        done = made(PROGRESSING, "True", COMPLETE, f"{who} has successfully progressed.", now)
        return put(conditions, done)
    if _moved(deployment.get("status") or {}, status):
        new = made(PROGRESSING, "True", "ReplicaSetUpdated", f"{who} is progressing.", now)
        if current is not None and current["status"] == "True":
            new["lastTransitionTime"] = current["lastTransitionTime"]
        return [*without(conditions, PROGRESSING), new]
    if _timed_out(deployment, conditions, now):
        return put(
            conditions, made(PROGRESSING, "False", TIMED_OUT, f"{who} has timed out progressing.", now)
        )
    return conditions


def _moved(before: Object, after: Object) -> bool:
    def number(status: Object, name: str) -> int:
        return int(status.get(name) or 0)

    def outdated(status: Object) -> int:
        return number(status, "replicas") - number(status, "updatedReplicas")

    more = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return outdated(after) < outdated(before) or any(
        number(after, name) > number(before, name) for name in more
    )


def _timed_out(deployment: Object, conditions: list[Object], now: datetime) -> bool:
    limit, current = deadline(deployment), find(conditions, PROGRESSING)
    if limit is None or current is None or current["reason"] == COMPLETE:
        return False
    since = parse(current.get("lastUpdateTime"))
    return current["reason"] == TIMED_OUT or (since is not None and since + timedelta(seconds=limit) < now)


def _with_failure(
    conditions: list[Object], newest: Object | None, old: Sequence[Object], now: datetime
) -> list[Object]:
    for each in (newest, *old):
        found = find((each or {}).get("status", {}).get("conditions") or [], REPLICA_FAILURE)
        if found is not None:
            told = made(REPLICA_FAILURE, found["status"], found["reason"], found.get("message", ""), now)
            return put(conditions, told)
    return without(conditions, REPLICA_FAILURE)
