"""Brings a Deployment's ReplicaSets to where its template and strategy want them.

    paused, or its size changed -> only sizes (`proportion`)
    RollingUpdate -> the new ReplicaSet grows, or else old ones shrink (`rolling`): one of them in one pass
    Recreate      -> old ones to nothing; when their pods have ended, the new one to full size
    complete      -> history beyond the limit is deleted (`revisions`)

Each pass ends with the status (`status`). The pods themselves are the ReplicaSets' business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hythe.kube.client.cache import key_of
from hythe.kube.client.recorder import NORMAL, WARNING
from hythe.kube.client.resources import DEPLOYMENTS, PODS, REPLICA_SETS
from hythe.kube.controllers.absence import gone_is_fine
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.deployment import conditions, proportion, revisions, rolling, status
from hythe.kube.controllers.deployment.rolling import Sizes
from hythe.kube.controllers.deployment.shape import active, is_rolling, name_of, replicas
from hythe.kube.controllers.owners import (
    BY_CONTROLLER,
    Claimer,
    by_controller,
    claimable,
    controlled_by,
    controller_key,
    controller_of,
)
from hythe.kube.controllers.patches import write_status
from hythe.kube.controllers.podcontrol import namespace_is_terminating
from hythe.kube.controllers.pods import is_finished
from hythe.kube.objects import labels
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object


class Sets(NamedTuple):
    """A Deployment's ReplicaSets: the one with its present template, if there is one, and the others."""

    newest: Object | None
    old: list[Object]

    @property
    def all(self) -> list[Object]:
        return [*([self.newest] if self.newest is not None else []), *self.old]


class DeploymentController(Controller):
    name = "deployment-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._deployments = self.follow(DEPLOYMENTS)
        self._sets = self.follow(REPLICA_SETS, self._owners, {BY_CONTROLLER: by_controller})
        self._pods = self.follow(PODS, self._recreating, {BY_CONTROLLER: by_controller})
        self._claimer = Claimer(self.client, DEPLOYMENTS, REPLICA_SETS)

    async def sync(self, key: str) -> None:
        deployment = self._deployments.cache.get(key)
        if deployment is None:
            return
        selector = labels.from_object(deployment["spec"].get("selector"))
        claimed = await self._claimer.claim(
            deployment,
            claimable(self._sets.cache, deployment),
            lambda body: selector.matches(body["metadata"].get("labels")),
        )
        newest = revisions.newest(deployment, claimed)
        sets = Sets(newest, [each for each in claimed if each is not newest])
        if deployment["metadata"].get("deletionTimestamp"):
            await self._write_status(deployment, sets, progress=False)
            return
        await self._bring(deployment, sets)

    async def _bring(self, deployment: Object, sets: Sets) -> None:
        deployment = await self._note_pause(deployment)
        if deployment["spec"].get("paused") or proportion.is_scaling(deployment, sets.all):
            await self._rescale(deployment, sets)
        elif is_rolling(deployment):
            await self._roll(deployment, sets)
        else:
            await self._recreate(deployment, sets)

    async def _rescale(self, deployment: Object, sets: Sets) -> None:
        sets = await self._renumbered(deployment, sets)
        await self._scale(deployment, proportion.sizes(deployment, *sets))
        if deployment["spec"].get("paused"):
            await self._clean_up(deployment, sets.old)
        await self._write_status(deployment, sets, progress=False)

    async def _roll(self, deployment: Object, sets: Sets) -> None:
        deployment, newest, old = await self._with_newest(deployment, sets)
        step = rolling.grow(deployment, newest, old) or rolling.shrink(deployment, newest, old)
        await self._scale(deployment, step)
        await self._finish(deployment, Sets(newest, old), moved=bool(step))

    async def _recreate(self, deployment: Object, sets: Sets) -> None:
        step = [(each, 0) for each in active(sets.old)]
        if step or self._old_pods_run(sets):
            await self._scale(deployment, step)
            await self._write_status(deployment, await self._renumbered(deployment, sets), progress=True)
            return
        deployment, newest, old = await self._with_newest(deployment, sets)
        step = rolling.grow(deployment, newest, old)
        await self._scale(deployment, step)
        await self._finish(deployment, Sets(newest, old), moved=bool(step))

    async def _finish(self, deployment: Object, sets: Sets, *, moved: bool) -> None:
        if not moved and status.is_complete(deployment, deployment.get("status") or {}):
            await self._clean_up(deployment, sets.old)
        await self._write_status(deployment, sets, progress=True)

    def _old_pods_run(self, sets: Sets) -> bool:
        pods = [
            pod for each in sets.old for pod in self._pods.cache.by(BY_CONTROLLER, each["metadata"]["uid"])
        ]
        return any(not is_finished(pod) for pod in pods)

    async def _with_newest(self, deployment: Object, sets: Sets) -> tuple[Object, Object, list[Object]]:
        """The ReplicaSet of the present template, made if there is none, and its revision noted."""
        if sets.newest is not None:
            renumbered = await self._renumbered(deployment, sets)
            assert renumbered.newest is not None
            message = f'Found new replica set "{name_of(renumbered.newest)}"'
            deployment = await self._note_newest(
                deployment, renumbered.newest, "FoundNewReplicaSet", message, only_first=True
            )
            return deployment, renumbered.newest, sets.old
        size = rolling.new_size(deployment, sets.old, 0)
        newest = await self._make(deployment, revisions.new_set(deployment, sets.old, size))
        if size:
            told = f"Scaled up replica set {name_of(newest)} from 0 to {size}"
            self._tell(deployment, NORMAL, "ScalingReplicaSet", told)
        message = f'Created new replica set "{name_of(newest)}"'
        deployment = await self._note_newest(deployment, newest, "NewReplicaSetCreated", message)
        return deployment, newest, sets.old

    async def _make(self, deployment: Object, wanted: Object) -> Object:
        """Raises ApiError; where another template has the same hash, the next pass takes another one."""
        try:
            return await self.client.create(REPLICA_SETS, wanted)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                if not namespace_is_terminating(error):
                    await self._note_failure(deployment, wanted, error)
                raise
            meta = wanted["metadata"]
            there = await self.client.get(REPLICA_SETS, meta["name"], meta["namespace"])
            template = revisions.without_hash(there["spec"]["template"])
            if controlled_by(there, deployment) and template == revisions.without_hash(
                deployment["spec"]["template"]
            ):
                return there
            known = deployment.get("status") or {}
            await self._put_status(
                deployment, {**known, "collisionCount": int(known.get("collisionCount") or 0) + 1}
            )
            raise

    async def _note_failure(self, deployment: Object, wanted: Object, error: ApiError) -> None:
        message = f'Failed to create new replica set "{name_of(wanted)}": {error}'
        self._tell(deployment, WARNING, "ReplicaSetCreateError", message)
        if conditions.deadline(deployment) is not None:
            await self._put_condition(deployment, "False", "ReplicaSetCreateError", message)

    async def _renumbered(self, deployment: Object, sets: Sets) -> Sets:
        """The newest ReplicaSet with the annotations that it should have."""
        if sets.newest is None:
            return sets
        meta, spec = sets.newest["metadata"], sets.newest["spec"]
        wanted = revisions.notes(deployment, sets.newest, sets.old, exists=True)
        patience = deployment["spec"].get("minReadySeconds", 0)
        if wanted == (meta.get("annotations") or {}) and patience == spec.get("minReadySeconds", 0):
            return sets
        patch = {
            "metadata": {"annotations": wanted, "resourceVersion": meta["resourceVersion"]},
            "spec": {"minReadySeconds": patience},
        }
        newest = await self.client.patch(REPLICA_SETS, meta["name"], patch, meta["namespace"])
        return Sets(newest, sets.old)

    async def _note_newest(
        self, deployment: Object, newest: Object, reason: str, message: str, *, only_first: bool = False
    ) -> Object:
        """The Deployment's own revision, and that it is under way."""
        number = str(revisions.revision(newest))
        meta = deployment["metadata"]
        if (meta.get("annotations") or {}).get(revisions.REVISION) != number:
            patch = {"metadata": {"annotations": {revisions.REVISION: number}}}
            deployment = await self.client.patch(DEPLOYMENTS, meta["name"], patch, meta["namespace"])
        known = (deployment.get("status") or {}).get("conditions") or []
        if conditions.deadline(deployment) is None or (
            only_first and conditions.find(known, conditions.PROGRESSING)
        ):
            return deployment
        return await self._put_condition(deployment, "True", reason, message)

    async def _note_pause(self, deployment: Object) -> Object:
        known = (deployment.get("status") or {}).get("conditions") or []
        current = conditions.find(known, conditions.PROGRESSING)
        reason = current["reason"] if current else ""
        if conditions.deadline(deployment) is None or reason == conditions.TIMED_OUT:
            return deployment
        if deployment["spec"].get("paused"):
            if reason == "DeploymentPaused":
                return deployment
            return await self._put_condition(
                deployment, "Unknown", "DeploymentPaused", "Deployment is paused"
            )
        if reason != "DeploymentPaused":
            return deployment
        return await self._put_condition(deployment, "Unknown", "DeploymentResumed", "Deployment is resumed")

    async def _put_condition(self, deployment: Object, truth: str, reason: str, message: str) -> Object:
        known = deployment.get("status") or {}
        new = conditions.made(conditions.PROGRESSING, truth, reason, message, self.clock.now())
        return await self._put_status(
            deployment, {**known, "conditions": conditions.put(known.get("conditions") or [], new)}
        )

    async def _scale(self, deployment: Object, sizes: Sizes) -> None:
        await asyncio.gather(*(self._resize(deployment, each, size) for each, size in sizes))

    async def _resize(self, deployment: Object, each: Object, size: int) -> None:
        meta, before = each["metadata"], replicas(each)
        notes = revisions.sizes(deployment)
        known = meta.get("annotations") or {}
        if before == size and all(known.get(name) == value for name, value in notes.items()):
            return
        patch = {
            "metadata": {"annotations": notes, "resourceVersion": meta["resourceVersion"]},
            "spec": {"replicas": size},
        }
        await self.client.patch(REPLICA_SETS, meta["name"], patch, meta["namespace"])
        if before != size:
            way = "up" if size > before else "down"
            told = f"Scaled {way} replica set {meta['name']} from {before} to {size}"
            self._tell(deployment, NORMAL, "ScalingReplicaSet", told)

    async def _clean_up(self, deployment: Object, old: Sequence[Object]) -> None:
        for each in revisions.to_clean_up(deployment, old):
            meta = each["metadata"]
            with gone_is_fine():
                await self.client.delete(REPLICA_SETS, meta["name"], meta["namespace"], uid=meta["uid"])

    async def _write_status(self, deployment: Object, sets: Sets, *, progress: bool) -> None:
        now = self.clock.now()
        new = status.calculate(deployment, *sets, now)
        if progress:
            new = status.with_progress(deployment, *sets, new, now)
            left = status.seconds_to_deadline(deployment, new, now)
            if left is not None:
                self.queue.add_after(key_of(deployment), left)
        await self._put_status(deployment, new)

    async def _put_status(self, deployment: Object, new: Object) -> Object:
        return await write_status(self.client, DEPLOYMENTS, deployment, new)

    def _tell(self, deployment: Object, type: str, reason: str, message: str) -> None:
        self.recorder.event(
            {"apiVersion": "apps/v1", "kind": "Deployment", **deployment}, type, reason, message
        )

    def _owners(self, body: Object) -> Iterable[str]:
        """Whose ReplicaSet it is, or might become."""
        if controller_of(body) is not None:
            return controller_key(body, DEPLOYMENTS)
        carried = body["metadata"].get("labels")
        there = self._deployments.cache.in_namespace(body["metadata"]["namespace"])
        return [
            key_of(each)
            for each in there
            if labels.from_object(each["spec"].get("selector")).matches(carried)
        ]

    def _recreating(self, pod: Object) -> Iterable[str]:
        """A Recreate Deployment waits for the end of its old pods."""
        for key in controller_key(pod, REPLICA_SETS):
            owner = self._sets.cache.get(key)
            for found in controller_key(owner, DEPLOYMENTS) if owner else ():
                deployment = self._deployments.cache.get(found)
                if deployment is not None and not is_rolling(deployment):
                    yield found
