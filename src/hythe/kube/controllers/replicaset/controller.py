"""Keeps as many pods as a ReplicaSet (or ReplicationController) asks for.

    wanted - there = missing -> create, in batches that double while all goes well
                     surplus -> delete, the least useful first (`ranking`)

What was created or deleted and is not seen yet in the cache is kept in `Expectations`, so no pod is made twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar, Final

from hythe.errors import HytheError
from hythe.kube.client.cache import key_of
from hythe.kube.client.expectations import Expectations
from hythe.kube.client.informer import Handler
from hythe.kube.client.resources import PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, Resource
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.owners import (
    BY_CONTROLLER,
    Claimer,
    by_controller,
    claimable,
    controller_key,
    controller_of,
)
from hythe.kube.controllers.patches import write_status
from hythe.kube.controllers.podcontrol import (
    PodControl,
    from_template,
    namespace_is_terminating,
    slow_start,
)
from hythe.kube.controllers.pods import is_active, is_finished
from hythe.kube.controllers.replicaset import ranking, status
from hythe.kube.objects import labels
from hythe.kube.objects.labels import Selector
from hythe.kube.objects.types import Object

_AT_ONCE: Final = 500


class ReplicaSetController(Controller):
    """`kind` is what the owners are."""

    name = "replicaset-controller"
    kind: ClassVar[Resource] = REPLICA_SETS

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._expected = Expectations(self.clock)
        self._owners = self.follow(self.kind)
        self._pods = self.informers.of(PODS, {BY_CONTROLLER: by_controller})
        self._pods.add_handler(Handler(self._pod_added, self._pod_changed, self._pod_deleted))
        self._control = PodControl(self.client, self.recorder, self.kind)
        self._claimer = Claimer(self.client, self.kind, PODS)

    def selector(self, owner: Object) -> Selector:
        """Which pods the owner wants to have."""
        return labels.from_object(owner["spec"].get("selector"))

    async def sync(self, key: str) -> None:
        owner = self._owners.cache.get(key)
        if owner is None:
            self._expected.forget(key)
            return
        trusted = self._expected.fulfilled(key)
        candidates = [pod for pod in claimable(self._pods.cache, owner) if not is_finished(pod)]
        selector = self.selector(owner)
        owned = await self._claimer.claim(
            owner, candidates, lambda pod: selector.matches(pod["metadata"].get("labels"))
        )
        active = [pod for pod in owned if is_active(pod)]
        failure: tuple[str, Exception] | None = None
        if trusted and not owner["metadata"].get("deletionTimestamp"):
            failure = await self._manage(key, owner, active)
        await self._write_status(owner, active, failure)
        self._look_again(key, owner, active)
        if failure is not None:
            raise failure[1]

    async def _manage(self, key: str, owner: Object, active: list[Object]) -> tuple[str, Exception] | None:
        """Create or delete; (reason, error) of what went wrong."""
        missing = int(owner["spec"].get("replicas", 1)) - len(active)
        if missing > 0:
            error = await self._create(key, owner, min(missing, _AT_ONCE))
            return ("FailedCreate", error) if error else None
        if missing < 0:
            error = await self._delete(key, owner, active, min(-missing, _AT_ONCE))
            return ("FailedDelete", error) if error else None
        return None

    async def _create(self, key: str, owner: Object, count: int) -> Exception | None:
        self._expected.expect(key, creations=count)
        template = owner["spec"]["template"]

        async def one(_index: int) -> None:
            await self._control.create(owner, from_template(owner, self.kind, template))

        try:
            done, error = await slow_start(count, one)
        except BaseException:
            self._expected.forget(key)
            raise
        self._expected.created(key, count - done)
        if isinstance(error, HytheError) and namespace_is_terminating(error):
            return None
        return error

    async def _delete(self, key: str, owner: Object, active: list[Object], count: int) -> Exception | None:
        victims = ranking.to_delete(active, self._related(owner), count, self.clock.now())
        self._expected.expect(key, deletions={pod["metadata"]["uid"] for pod in victims})
        results = await asyncio.gather(
            *(self._control.delete(owner, pod) for pod in victims), return_exceptions=True
        )
        failed: Exception | None = None
        for pod, result in zip(victims, results, strict=True):
            if result is not None:
                self._expected.deleted(key, pod["metadata"]["uid"])
            if isinstance(result, Exception):
                failed = result
        return failed

    def _related(self, owner: Object) -> list[Object]:
        """Pods of all sets that the same Deployment controls, or of this one alone."""
        controller = controller_of(owner)
        namespace = owner["metadata"]["namespace"]
        uids = {owner["metadata"]["uid"]}
        if controller is not None:
            for each in self._owners.cache.in_namespace(namespace):
                if (controller_of(each) or {}).get("uid") == controller["uid"]:
                    uids.add(each["metadata"]["uid"])
        return [pod for uid in uids for pod in self._pods.cache.by(BY_CONTROLLER, uid)]

    async def _write_status(
        self, owner: Object, active: list[Object], failure: tuple[str, Exception] | None
    ) -> None:
        told = (failure[0], str(failure[1])) if failure else None
        carried = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
        new = status.calculate(owner, carried, active, told, self.clock.now())
        await write_status(self.client, self.kind, owner, new)

    def _look_again(self, key: str, owner: Object, active: list[Object]) -> None:
        """When a ready pod becomes an available one, no event says so."""
        patience = int(owner["spec"].get("minReadySeconds") or 0)
        if patience and active:
            now = self.clock.now()
            counted = status.calculate(owner, {}, active, None, now)
            if counted.get("readyReplicas", 0) != counted.get("availableReplicas", 0):
                self.queue.add_after(key, patience)

    def _pod_added(self, pod: Object) -> None:
        if pod["metadata"].get("deletionTimestamp"):
            self._pod_deleted(pod)
            return
        for key in controller_key(pod, self.kind):
            self._expected.created(key)
        self._queue_for(pod)

    def _pod_changed(self, before: Object, now: Object) -> None:
        if now["metadata"].get("deletionTimestamp"):
            self._pod_deleted(now)
        self._queue_for(before)
        self._queue_for(now)

    def _pod_deleted(self, pod: Object) -> None:
        for key in controller_key(pod, self.kind):
            self._expected.deleted(key, pod["metadata"]["uid"])
        self._queue_for(pod)

    def _queue_for(self, pod: Object) -> None:
        for key in self._keys(pod):
            self.queue.add(key)

    def _keys(self, pod: Object) -> Iterable[str]:
        """Its controller, or whoever might adopt it."""
        if controller_of(pod) is not None:
            return controller_key(pod, self.kind)
        carried = pod["metadata"].get("labels")
        if not carried:
            return ()
        owners = self._owners.cache.in_namespace(pod["metadata"]["namespace"])
        return [key_of(owner) for owner in owners if self.selector(owner).matches(carried)]


class ReplicationControllerController(ReplicaSetController):
    """The same for the older kind, whose selector is a plain map."""

    name = "replication-controller"
    kind = REPLICATION_CONTROLLERS

    def selector(self, owner: Object) -> Selector:
        return labels.from_labels(owner["spec"].get("selector"))
