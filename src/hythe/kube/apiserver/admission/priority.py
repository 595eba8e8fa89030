"""Priority: a pod's priority class becomes the number that the scheduler goes by.

Without a class the one that is the global default counts, else 0. Source: Kubernetes, "Pod Priority and Preemption".
"""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.records import Records
from hythe.kube.objects.status import forbidden
from hythe.kube.objects.types import Object

SYSTEM: Final = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_LOWER: Final = "PreemptLowerPriority"


class Priority(Plugin):
    """Pods, when they are made."""

    def __init__(self, definitions: Definitions, records: Records) -> None:
        self._records = records
        self._classes = definitions.built_in("scheduling.k8s.io", "v1", "priorityclasses")

    async def admit(self, review: Review) -> None:
        if review.resource != "pods" or review.operation != "CREATE":
            return
        spec = review.obj["spec"]
        found = await self._class_of(review, spec.get("priorityClassName", ""))
        priority = int(found.get("value", 0))
        if spec.get("priority", priority) != priority:
            why = "the integer value of priority ({}) must not be provided in pod spec; priority admission "
            why += "controller computed {} from the given PriorityClass name"
            raise forbidden("pods", review.name, why.format(spec["priority"], priority))
        spec["priority"] = priority
        if found:
            spec["priorityClassName"] = found["metadata"]["name"]
        spec.setdefault("preemptionPolicy", found.get("preemptionPolicy", _LOWER))

    async def _class_of(self, review: Review, name: str) -> Object:
        if not name:
            return await self._default()
        found = await self._records.find(self._classes, "", name)
        if found is None:
            raise forbidden("pods", review.name, f"no PriorityClass with name {name} was found")
        return found.object()

    async def _default(self) -> Object:
        classes = [each async for each in self._records.objects(self._classes) if each.get("globalDefault")]
        return min(classes, key=lambda each: int(each["value"]), default={})
