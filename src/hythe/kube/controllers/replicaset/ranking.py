"""Which pods go first when there are too many. Pure; upstream's order (ActivePodsWithRanks).

Not yet on a node before placed ones, Pending before Unknown before Running, unready before ready, lower
`controller.kubernetes.io/pod-deletion-cost` first, then pods whose node has more of their like, then those that have
been ready for a shorter time, with more restarts, and younger. Times are compared by orders of magnitude, so that the
youngest is not always the victim.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from hythe.kube.client.clock import parse
from hythe.kube.controllers.pods import is_active, is_ready, phase, ready_since, restarts
from hythe.kube.objects.types import Object

_PHASES: Final = {"Pending": 0, "Unknown": 1, "Running": 2}
_COST: Final = "controller.kubernetes.io/pod-deletion-cost"


def to_delete(pods: list[Object], related: Iterable[Object], count: int, now: datetime) -> list[Object]:
    """`count` of `pods`; `related` are those whose company on a node counts (the siblings of the same Deployment)."""
    if count >= len(pods):
        return pods
    on_node = Counter(_node(pod) for pod in related if is_active(pod))
    return sorted(pods, key=lambda pod: _rank(pod, on_node, now))[:count]


def _rank(pod: Object, on_node: Counter[str], now: datetime) -> tuple[object, ...]:
    ready = is_ready(pod)
    return (
        bool(_node(pod)),
        _PHASES.get(phase(pod), 0),
        ready,
        _cost(pod),
        -on_node[_node(pod)] if ready else 0,
        _age(ready_since(pod), now) if ready else 0,
        -restarts(pod),
        _age(parse(pod["metadata"].get("creationTimestamp")), now),
        pod["metadata"].get("uid", ""),
    )


def _age(since: datetime | None, now: datetime) -> int:
    """The logarithm of an age in seconds."""
    if since is None:
        return -1
    return int(math.log2(max(1.0, (now - since).total_seconds())))


def _node(pod: Object) -> str:
    return str(pod["spec"].get("nodeName", ""))


def _cost(pod: Object) -> int:
    text = str((pod["metadata"].get("annotations") or {}).get(_COST, "0"))
    try:
        return int(text)
    except ValueError:
        return 0
