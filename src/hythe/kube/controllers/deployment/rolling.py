"""The steps of a rolling update: who grows, who shrinks, by how much. Pure.

At every step at least replicas - maxUnavailable pods are available, and at most replicas + maxSurge exist. Sizes are
given as (ReplicaSet, new size). First the new one grows as far as the surge allows; if it cannot, old ones shrink:
what is broken first, then what is available above the minimum.
"""

from __future__ import annotations

from collections.abc import Sequence

from hythe.kube.controllers.deployment.revisions import created
from hythe.kube.controllers.deployment.shape import (
    active,
    counted,
    is_rolling,
    max_surge,
    max_unavailable,
    replicas,
    total,
)
from hythe.kube.objects.types import Object

Sizes = list[tuple[Object, int]]


def new_size(deployment: Object, sets: Sequence[Object], present: int) -> int:
    """How large the newest ReplicaSet, now at `present`, may be beside all `sets`."""
    wanted = replicas(deployment)
    if not is_rolling(deployment):
        return wanted
    room = wanted + max_surge(deployment) - total(sets)
    return present if room <= 0 else present + min(room, wanted - present)


def grow(deployment: Object, newest: Object, old: Sequence[Object]) -> Sizes:
    """The newest one's step, if there is one to make."""
    wanted, present = replicas(deployment), replicas(newest)
    if present == wanted:
        return []
    size = wanted if present > wanted else new_size(deployment, [newest, *old], present)
    return [(newest, size)] if size != present else []


def shrink(deployment: Object, newest: Object, old: Sequence[Object]) -> Sizes:
    """The old ones' step."""
    old = sorted(active(old), key=created)
    least = replicas(deployment) - max_unavailable(deployment)
    waiting = replicas(newest) - counted([newest], "availableReplicas")
    most = total(old) + replicas(newest) - least - waiting
    if not old or most <= 0:
        return []
    sizes = {id(each): replicas(each) for each in old}
    most = _take_broken(old, sizes, most)
    _take_available(sizes, old, min(most, counted([newest, *old], "availableReplicas") - least))
    return [(each, sizes[id(each)]) for each in old if sizes[id(each)] != replicas(each)]


def _take_broken(old: Sequence[Object], sizes: dict[int, int], most: int) -> int:
    """Shrink by what is not available; what remains of `most`."""
    for each in old:
        count = min(most, max(0, replicas(each) - counted([each], "availableReplicas")))
        sizes[id(each)] -= count
        most -= count
    return most


def _take_available(sizes: dict[int, int], old: Sequence[Object], surplus: int) -> None:
    """Statuses may lag behind sizes, so `surplus` is bounded by both."""
    for each in old:
        count = min(max(0, surplus), sizes[id(each)])
        sizes[id(each)] -= count
        surplus -= count
