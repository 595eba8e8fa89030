"""Taints that the state of a node brings with it, and how long a pod puts up with them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from hythe.kube.client.clock import timestamp
from hythe.kube.controllers.pods import condition
from hythe.kube.objects.tolerations import tolerates_one
from hythe.kube.objects.types import Object

NOT_READY: Final = "node.kubernetes.io/not-ready"
UNREACHABLE: Final = "node.kubernetes.io/unreachable"

_BY_CONDITION: Final[Mapping[tuple[str, str], str]] = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}
_UNSCHEDULABLE: Final = "node.kubernetes.io/unschedulable"
_OURS: Final = {*_BY_CONDITION.values(), _UNSCHEDULABLE}
_EVICTING: Final = (NOT_READY, UNREACHABLE)


def wanted(node: Object, now: datetime, *, evict: bool = True) -> list[Object]:
    """The node's taints as they should be: others' as they are, ours from conditions and spec.unschedulable.

    `evict`: those among ours that pods have to leave for, too.
    """
    present = (node.get("spec") or {}).get("taints") or []
    known = {(each["key"], each.get("effect")): each for each in present}
    made = [each for each in present if each["key"] not in _OURS]
    for key, effect in _due(node):
        if effect == "NoExecute" and not evict:
            continue
        added = {"timeAdded": timestamp(now)} if effect == "NoExecute" else {}
        made.append(known.get((key, effect)) or {"key": key, "effect": effect, **added})
    return made


def _due(node: Object) -> Iterable[tuple[str, str]]:
    for (kind, truth), key in _BY_CONDITION.items():
        found = condition(node, kind)
        if found is not None and found.get("status") == truth:
            yield key, "NoSchedule"
            if key in _EVICTING:
                yield key, "NoExecute"
    if (node.get("spec") or {}).get("unschedulable"):
        yield _UNSCHEDULABLE, "NoSchedule"


def same(one: list[Object], other: list[Object]) -> bool:
    """In whatever order, and since whenever."""

    def key(taint: Object) -> tuple[str, str, str]:
        return taint["key"], taint.get("value", ""), taint.get("effect", "")

    return sorted(map(key, one)) == sorted(map(key, other))


def patience(pod: Object, taints: Iterable[Object]) -> float | None:
    """Seconds that a pod may stay on a node with these NoExecute taints: 0 for none at all, None for ever."""
    shortest: float | None = None
    for taint in taints:
        if taint.get("effect") != "NoExecute":
            continue
        matching = [each for each in pod["spec"].get("tolerations") or () if tolerates_one(each, taint)]
        if not matching:
            return 0.0
        limits = [
            max(0.0, float(each["tolerationSeconds"])) for each in matching if "tolerationSeconds" in each
        ]
        for limit in limits:
            shortest = limit if shortest is None else min(shortest, limit)
    return shortest
