"""Runs StatefulSets: one step of the plan (`plan`) at a time, each pod with its claims and its revision."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from hythe.errors import HytheError
from hythe.kube.client.cache import key_of
from hythe.kube.client.expectations import Expectations
from hythe.kube.client.informer import Handler
from hythe.kube.client.recorder import NORMAL, WARNING
from hythe.kube.client.resources import (
    CONTROLLER_REVISIONS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    STATEFUL_SETS,
)
from hythe.kube.controllers.absence import gone_is_fine
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.history import History, Revisions, to_forget
from hythe.kube.controllers.owners import (
    BY_CONTROLLER,
    Claimer,
    by_controller,
    claimable,
    controller_key,
    controller_of,
)
from hythe.kube.controllers.patches import write_status
from hythe.kube.controllers.podcontrol import namespace_is_terminating
from hythe.kube.controllers.statefulset import status
from hythe.kube.controllers.statefulset.identity import (
    claim_name,
    claim_templates,
    claims_for,
    ordinal,
    pod_for,
    revision_of,
)
from hythe.kube.controllers.statefulset.plan import Step, next_step, sorted_out
from hythe.kube.controllers.statefulset.retention import owners
from hythe.kube.objects import labels
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object


class StatefulSetController(Controller):
    name = "statefulset-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._expected = Expectations(self.clock)
        self._owners = self.follow(STATEFUL_SETS)
        self._pods = self.informers.of(PODS, {BY_CONTROLLER: by_controller})
        self._pods.add_handler(Handler(self._pod_added, self._pod_changed, self._pod_gone))
        self._revisions = self.informers.of(CONTROLLER_REVISIONS, {BY_CONTROLLER: by_controller})
        self._claims = self.informers.of(PERSISTENT_VOLUME_CLAIMS)
        self._claimer = Claimer(self.client, STATEFUL_SETS, PODS)
        self._history = History(self.client, STATEFUL_SETS)

    async def sync(self, key: str) -> None:
        owner = self._owners.cache.get(key)
        if owner is None:
            self._expected.forget(key)
            return
        selector = labels.from_object(owner["spec"].get("selector"))
        pods = await self._claimer.claim(
            owner,
            claimable(self._pods.cache, owner),
            lambda pod: selector.matches(pod["metadata"].get("labels")) and ordinal(owner, pod) is not None,
        )
        if owner["metadata"].get("deletionTimestamp"):
            return
        known = self._revisions.cache.by(BY_CONTROLLER, owner["metadata"]["uid"])
        revisions = await self._history.current(owner, known)
        update = revisions.newest["metadata"]["name"]
        current = str((owner.get("status") or {}).get("currentRevision") or update)
        if not any(each["metadata"]["name"] == current for each in revisions.others):
            current = update
        now = self.clock.now()
        if owner["spec"].get("persistentVolumeClaimRetentionPolicy"):
            await self._own_claims(owner, pods)
        if self._expected.fulfilled(key):
            await self._do(key, owner, revisions, next_step(owner, pods, current, update, now), current)
        await write_status(
            self.client, STATEFUL_SETS, owner, status.calculate(owner, pods, current, update, now)
        )
        if owner["spec"].get("minReadySeconds") and pods:
            self.queue.add_after(key, float(owner["spec"]["minReadySeconds"]))
        limit = int(owner["spec"].get("revisionHistoryLimit", 10))
        used = {current, update, *map(revision_of, pods)}
        await self._history.forget(to_forget(revisions.others, used, limit))

    async def _own_claims(self, owner: Object, pods: Sequence[Object]) -> None:
        """Before a pod is deleted, so that its claims go with it."""
        found = sorted_out(owner, pods)
        for pod in (*found.wanted.values(), *found.condemned):
            for template in claim_templates(owner):
                name = claim_name(template, pod["metadata"]["name"])
                claim = self._claims.cache.get(f"{owner['metadata']['namespace']}/{name}")
                if claim is None or claim["metadata"].get("deletionTimestamp"):
                    continue
                wanted = owners(owner, pod, claim, condemned=pod in found.condemned)
                meta = claim["metadata"]
                if wanted != (meta.get("ownerReferences") or []):
                    patch = {"resourceVersion": meta["resourceVersion"], "ownerReferences": wanted or None}
                    await self.client.patch(
                        PERSISTENT_VOLUME_CLAIMS, name, {"metadata": patch}, meta["namespace"]
                    )

    async def _do(self, key: str, owner: Object, revisions: Revisions, step: Step, current: str) -> None:
        by_name = {each["metadata"]["name"]: each for each in revisions.others}
        old = by_name.get(current, revisions.newest)
        self._expected.expect(key, len(step.create), {pod["metadata"]["uid"] for pod in step.delete})
        try:
            await asyncio.gather(
                *(
                    self._create(owner, number, revisions.newest if updated else old)
                    for number, updated in step.create
                ),
                *(self._delete(owner, pod) for pod in step.delete),
            )
        except HytheError as error:
            self._expected.forget(key)
            if not namespace_is_terminating(error):
                raise
        except BaseException:
            self._expected.forget(key)
            raise

    async def _create(self, owner: Object, number: int, revision: Object) -> None:
        pod = pod_for(owner, number, revision)
        name, of = pod["metadata"]["name"], owner["metadata"]["name"]
        try:
            for claim in claims_for(owner, number):
                await self._claim(owner, name, claim)
            await self.client.create(PODS, pod)
        except HytheError as error:
            if not namespace_is_terminating(error):
                told = f"create Pod {name} in StatefulSet {of} failed error: {error}"
                self._tell(owner, WARNING, "FailedCreate", told)
            raise
        told = f"create Pod {name} in StatefulSet {of} successful"
        self._tell(owner, NORMAL, "SuccessfulCreate", told)

    async def _claim(self, owner: Object, pod: str, claim: Object) -> None:
        """A claim that is there is the pod's own, of its former life."""
        try:
            await self.client.create(PERSISTENT_VOLUME_CLAIMS, claim)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return
        told = (
            f"create Claim {claim['metadata']['name']} Pod {pod} in "
            f"StatefulSet {owner['metadata']['name']} success"
        )
        self._tell(owner, NORMAL, "SuccessfulCreate", told)

    async def _delete(self, owner: Object, pod: Object) -> None:
        meta = pod["metadata"]
        with gone_is_fine():
            await self.client.delete(PODS, meta["name"], meta["namespace"], uid=meta["uid"])
        told = f"delete Pod {meta['name']} in StatefulSet {owner['metadata']['name']} successful"
        self._tell(owner, NORMAL, "SuccessfulDelete", told)

    def _tell(self, owner: Object, type: str, reason: str, message: str) -> None:
        self.recorder.event({"apiVersion": "apps/v1", "kind": "StatefulSet", **owner}, type, reason, message)

    def _pod_added(self, pod: Object) -> None:
        for key in controller_key(pod, STATEFUL_SETS):
            self._expected.created(key)
        self._queue_for(pod)

    def _pod_changed(self, before: Object, now: Object) -> None:
        if now["metadata"].get("deletionTimestamp"):
            self._seen_going(now)
        self._queue_for(before)
        self._queue_for(now)

    def _pod_gone(self, pod: Object) -> None:
        self._seen_going(pod)
        self._queue_for(pod)

    def _seen_going(self, pod: Object) -> None:
        for key in controller_key(pod, STATEFUL_SETS):
            self._expected.deleted(key, pod["metadata"]["uid"])

    def _queue_for(self, pod: Object) -> None:
        for key in self._keys(pod):
            self.queue.add(key)

    def _keys(self, pod: Object) -> Iterable[str]:
        if controller_of(pod) is not None:
            return controller_key(pod, STATEFUL_SETS)
        there = self._owners.cache.in_namespace(pod["metadata"]["namespace"])
        return [key_of(each) for each in there if ordinal(each, pod) is not None]
