"""Keeps the status of PodDisruptionBudgets true; evictions are allowed or refused by it."""

from __future__ import annotations

from collections.abc import Iterable

from hythe.kube.client.cache import key_of
from hythe.kube.client.resources import (
    DEPLOYMENTS,
    JOBS,
    POD_DISRUPTION_BUDGETS,
    PODS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    STATEFUL_SETS,
)
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.disruption import budget
from hythe.kube.controllers.owners import controller_of
from hythe.kube.controllers.patches import write_status
from hythe.kube.controllers.pods import is_finished, is_ready
from hythe.kube.objects import labels
from hythe.kube.objects.types import Object

_SCALED = (REPLICA_SETS, DEPLOYMENTS, STATEFUL_SETS, REPLICATION_CONTROLLERS, JOBS)


class DisruptionController(Controller):
    name = "disruption-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._budgets = self.follow(POD_DISRUPTION_BUDGETS)
        self._pods = self.follow(PODS, self._covering)
        self._scaled = {(each.group, each.kind): self.informers.of(each) for each in _SCALED}
        for each in _SCALED:
            self.follow(each, self._in_namespace)

    async def sync(self, key: str) -> None:
        found = self._budgets.cache.get(key)
        if found is None or found["metadata"].get("deletionTimestamp"):
            return
        selector = labels.from_object(found["spec"].get("selector"))
        there = self._pods.cache.in_namespace(found["metadata"]["namespace"])
        pods = [
            pod for pod in there if selector.matches(pod["metadata"].get("labels")) and not is_finished(pod)
        ]
        expected = self._expected(pods) if budget.needs_scale(found) else len(pods)
        now = self.clock.now()
        disrupted = budget.still_disrupted(found, {pod["metadata"]["name"]: pod for pod in pods}, now)
        healthy = sum(
            is_ready(pod)
            and not pod["metadata"].get("deletionTimestamp")
            and pod["metadata"]["name"] not in disrupted
            for pod in pods
        )
        wanted = budget.status(found, budget.count(found, expected), healthy, disrupted, now)
        await write_status(self.client, POD_DISRUPTION_BUDGETS, found, wanted)
        if disrupted:
            self.queue.add_after(key, 120)

    def _expected(self, pods: Iterable[Object]) -> int:
        """The sum of what the pods' topmost controllers want; a pod without one counts for nothing."""
        owners: dict[str, int] = {}
        for pod in pods:
            owner = self._top(pod)
            if owner is not None:
                spec = owner["spec"]
                owners[owner["metadata"]["uid"]] = int(spec.get("replicas", spec.get("parallelism", 1)))
        return sum(owners.values())

    def _top(self, body: Object) -> Object | None:
        found = controller_of(body)
        if found is None:
            return None
        group = str(found["apiVersion"]).rpartition("/")[0]
        informer = self._scaled.get((group, found["kind"]))
        owner = informer.cache.get(f"{body['metadata']['namespace']}/{found['name']}") if informer else None
        if owner is None or owner["metadata"]["uid"] != found["uid"]:
            return None
        return self._top(owner) or owner

    def _covering(self, pod: Object) -> Iterable[str]:
        carried = pod["metadata"].get("labels")
        for each in self._budgets.cache.in_namespace(pod["metadata"]["namespace"]):
            if labels.from_object(each["spec"].get("selector")).matches(carried):
                yield key_of(each)

    def _in_namespace(self, body: Object) -> Iterable[str]:
        """A scale may have changed."""
        there = self._budgets.cache.in_namespace(body["metadata"]["namespace"])
        return [key_of(each) for each in there if budget.needs_scale(each)]
