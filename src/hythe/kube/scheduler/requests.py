"""What a pod asks of a node, and what a node has: integers by resource, cpu in thousandths of a core. Pure.

A pod needs the sum of its containers and sidecars, or what its greediest init container needs beside the sidecars
that were started before it, whichever is more, and its overhead. What a container leaves out is taken as 0 to fit,
and as 100m and 200Mi to score, so that pods without requests spread too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from hythe.kube.objects import quantity
from hythe.kube.objects.types import Object

CPU: Final = "cpu"
MEMORY: Final = "memory"
PODS: Final = "pods"

_USUAL: Final = {CPU: 100, MEMORY: 200 * 1024 * 1024}

Amounts = dict[str, int]


@lru_cache(4096)
def amount(resource: str, text: str) -> int:
    """Rounded up. What is no quantity counts as nothing; the API server lets none in."""
    try:
        nano = quantity.parse(text).nano
    except quantity.InvalidQuantity:
        return 0
    unit = quantity.NANO // 1000 if resource == CPU else quantity.NANO
    return -(-nano // unit)


def amounts(written: Mapping[str, object] | None) -> Amounts:
    """A ResourceList."""
    return {name: amount(name, str(text)) for name, text in (written or {}).items()}


def requested(pod: Object, usual: Mapping[str, int] | None = None) -> Amounts:
    """`usual`: what a container that asks for nothing is taken to need."""
    spec = pod["spec"]
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, _of(container, usual))
    sidecars: Amounts = {}
    most: Amounts = {}
    for container in spec.get("initContainers") or ():
        needs = _of(container, usual)
        if container.get("restartPolicy") == "Always":
            _add(total, needs)
            _add(sidecars, needs)
            needs = dict(sidecars)
        else:
            _add(needs, sidecars)
        _most(most, needs)
    _most(total, most)
    _add(total, amounts(spec.get("overhead")))
    return total


def requested_to_score(pod: Object) -> Amounts:
    return requested(pod, _USUAL)


def _of(container: Object, usual: Mapping[str, int] | None) -> Amounts:
    return {**(usual or {}), **amounts((container.get("resources") or {}).get("requests"))}


def _add(total: Amounts, more: Amounts) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def _most(total: Amounts, other: Amounts) -> None:
    for name, value in other.items():
        total[name] = max(total.get(name, 0), value)
