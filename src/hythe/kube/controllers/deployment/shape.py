"""How many pods a Deployment wants, may have above that, and may lack. Pure.

maxSurge is rounded up, maxUnavailable down; when both come to nothing one pod may lack, or nothing could ever move.
"""

from __future__ import annotations

from collections.abc import Iterable

from hythe.kube.controllers.percent import scaled
from hythe.kube.objects.types import Object


def replicas(body: Object) -> int:
    """What a Deployment or ReplicaSet asks for."""
    return int(body["spec"].get("replicas", 1))


def is_rolling(deployment: Object) -> bool:
    return bool((deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


def fenceposts(deployment: Object) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) in pods."""
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    wanted = replicas(deployment)
    surge = scaled(rolling.get("maxSurge"), wanted, up=True, default="25%")
    unavailable = scaled(rolling.get("maxUnavailable"), wanted, up=False, default="25%")
    return (surge, unavailable) if surge or unavailable else (0, 1)


def max_surge(deployment: Object) -> int:
    return fenceposts(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Object) -> int:
    wanted = replicas(deployment)
    if not is_rolling(deployment) or not wanted:
        return 0
    return min(fenceposts(deployment)[1], wanted)


def total(sets: Iterable[Object]) -> int:
    """What ReplicaSets ask for, together."""
    return sum(map(replicas, sets))


def counted(sets: Iterable[Object], field: str) -> int:
    """The sum of a number of their statuses."""
    return sum(int((each.get("status") or {}).get(field) or 0) for each in sets)


def active(sets: Iterable[Object]) -> list[Object]:
    """Those that ask for pods."""
    return [each for each in sets if replicas(each)]


def name_of(body: Object) -> str:
    return str(body["metadata"]["name"])
