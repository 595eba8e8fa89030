"""The quality-of-service class of a pod, which follows from its requests and limits and never changes.

    Guaranteed   each container has limits of cpu and memory, and requests equal to them
    BestEffort   no container asks for anything
    Burstable    all others

Source: Kubernetes, "Pod Quality of Service Classes".
"""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.objects.quantity import parse
from hythe.kube.objects.types import Object

_COUNTED: Final = ("cpu", "memory")


class QosClass(Plugin):
    """Pods, when they are made; after whatever sets requests and limits."""

    async def admit(self, review: Review) -> None:
        if review.resource == "pods" and review.operation == "CREATE":
            review.obj.setdefault("status", {})["qosClass"] = qos_class(review.obj["spec"])


def qos_class(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort."""
    containers = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    asked = [_asked(each.get("resources") or {}) for each in containers]
    if not any(requests or limits for requests, limits in asked):
        return "BestEffort"
    if all(len(limits) == len(_COUNTED) and requests == limits for requests, limits in asked):
        return "Guaranteed"
    return "Burstable"


def _asked(resources: Object) -> tuple[Object, Object]:
    limits, requests = _positive(resources.get("limits")), _positive(resources.get("requests"))
    return {**limits, **requests}, limits


def _positive(amounts: Object | None) -> Object:
    parsed = {name: parse(text) for name, text in (amounts or {}).items() if name in _COUNTED}
    return {name: amount for name, amount in parsed.items() if amount}
