"""Sizes after the Deployment itself was scaled, while several ReplicaSets have pods. Pure.

With one active ReplicaSet that one takes the new size. In the middle of a rolling update each grows or shrinks in
proportion to its size, so that a bad new version does not get all new pods; what rounding leaves goes to the largest.
"""

from __future__ import annotations

from collections.abc import Sequence

from hythe.kube.controllers.deployment.revisions import DESIRED, MOST, created, noted
from hythe.kube.controllers.deployment.rolling import Sizes
from hythe.kube.controllers.deployment.shape import active, counted, is_rolling, max_surge, replicas, total
from hythe.kube.objects.types import Object


def is_scaling(deployment: Object, sets: Sequence[Object]) -> bool:
    """Was the Deployment's size changed since its ReplicaSets were last sized?"""
    wanted = replicas(deployment)
    return any(noted(each, DESIRED) not in (None, wanted) for each in active(sets))


def sizes(deployment: Object, newest: Object | None, old: Sequence[Object]) -> Sizes:
    """A size for each ReplicaSet that is to be looked at; unchanged ones are among them (their notes may change)."""
    only = _only_one(newest, old)
    if only is not None:
        return [(only, replicas(deployment))]
    if newest is not None and _is_saturated(deployment, newest):
        return [(each, 0) for each in sorted(active(old), key=created)]
    return _shared(deployment, newest, old) if is_rolling(deployment) else []


def _only_one(newest: Object | None, old: Sequence[Object]) -> Object | None:
    """The one active ReplicaSet, or the latest if none is."""
    sets = [each for each in (newest, *old) if each is not None]
    found = active(sets)
    if not found:
        return newest or max(old, key=created, default=None)
    return found[0] if len(found) == 1 else None


def _is_saturated(deployment: Object, newest: Object) -> bool:
    wanted = replicas(deployment)
    return (
        replicas(newest) == wanted
        and noted(newest, DESIRED) == wanted
        and counted([newest], "availableReplicas") == wanted
    )


def _shared(deployment: Object, newest: Object | None, old: Sequence[Object]) -> Sizes:
    sets = active([each for each in (newest, *old) if each is not None])
    wanted = replicas(deployment)
    change = (wanted + max_surge(deployment) if wanted else 0) - total(sets)
    sets.sort(key=created, reverse=change > 0)  # among equals, the newer grow and the older shrink
    sets.sort(key=replicas, reverse=True)
    sized, spent = [], 0
    for each in sets:
        share = _share(deployment, each, change, spent)
        sized.append((each, replicas(each) + share))
        spent += share
    if sized and change != spent:
        first, size = sized[0]
        sized[0] = (first, max(0, size + change - spent))
    return sized


def _share(deployment: Object, each: Object, change: int, spent: int) -> int:
    if change in (0, spent):
        return 0
    part, left = _part(deployment, each), change - spent
    return min(part, left) if change > 0 else max(part, left)


def _part(deployment: Object, each: Object) -> int:
    wanted, size = replicas(deployment), replicas(each)
    if not wanted:
        return -size
    before = noted(each, MOST) or counted([deployment], "replicas") or size
    return int(size * (wanted + max_surge(deployment)) / before + 0.5) - size
