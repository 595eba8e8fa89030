"""Which evictions would break a PodDisruptionBudget. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hythe.kube.objects import labels
from hythe.kube.objects.types import Object
from hythe.kube.scheduler.state import PodInfo


def violating(budgets: Iterable[Object], pods: Sequence[PodInfo]) -> set[str]:
    """Keys of the pods for which a budget has no disruption left, when all of `pods` go one after the other."""
    found: set[str] = set()
    for budget in budgets:
        selector = labels.from_object(budget["spec"].get("selector"))
        left = int((budget.get("status") or {}).get("disruptionsAllowed") or 0)
        gone = (budget.get("status") or {}).get("disruptedPods") or {}
        for pod in pods:
            if pod.namespace != budget["metadata"]["namespace"] or not selector.matches(pod.labels):
                continue
            if pod.pod["metadata"]["name"] in gone:
                continue
            left -= 1
            if left < 0:
                found.add(pod.key)
    return found
