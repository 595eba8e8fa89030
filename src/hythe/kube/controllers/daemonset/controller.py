"""Runs DaemonSets: one step of the plan (`plan`) at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hythe.errors import HytheError
from hythe.kube.client.cache import key_of
from hythe.kube.client.expectations import Expectations
from hythe.kube.client.informer import Handler
from hythe.kube.client.recorder import WARNING
from hythe.kube.client.resources import CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.daemonset import plan
from hythe.kube.controllers.daemonset.placement import pod_for
from hythe.kube.controllers.history import HASH, HASH_OF_REVISION, History, to_forget
from hythe.kube.controllers.owners import (
    BY_CONTROLLER,
    Claimer,
    by_controller,
    claimable,
    controller_key,
    controller_of,
)
from hythe.kube.controllers.patches import write_status
from hythe.kube.controllers.podcontrol import PodControl, namespace_is_terminating, slow_start
from hythe.kube.objects import labels
from hythe.kube.objects.types import Object


class DaemonSetController(Controller):
    name = "daemonset-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._expected = Expectations(self.clock)
        self._owners = self.follow(DAEMON_SETS)
        self._nodes = self.informers.of(NODES)
        self._nodes.add_handler(Handler(self._node, self._node_changed, self._node))
        self._pods = self.informers.of(PODS, {BY_CONTROLLER: by_controller})
        self._pods.add_handler(Handler(self._pod_added, self._pod_changed, self._pod_gone))
        self._revisions = self.informers.of(CONTROLLER_REVISIONS, {BY_CONTROLLER: by_controller})
        self._claimer = Claimer(self.client, DAEMON_SETS, PODS)
        self._history = History(self.client, DAEMON_SETS)
        self._control = PodControl(self.client, self.recorder, DAEMON_SETS)

    async def sync(self, key: str) -> None:
        owner = self._owners.cache.get(key)
        if owner is None:
            self._expected.forget(key)
            return
        selector = labels.from_object(owner["spec"].get("selector"))
        pods = await self._claimer.claim(
            owner,
            claimable(self._pods.cache, owner),
            lambda pod: selector.matches(pod["metadata"].get("labels")),
        )
        if owner["metadata"].get("deletionTimestamp"):
            return
        known = self._revisions.cache.by(BY_CONTROLLER, owner["metadata"]["uid"])
        revisions = await self._history.current(owner, known)
        mark = revisions.newest["metadata"]["labels"][HASH_OF_REVISION]
        now, nodes = self.clock.now(), self._nodes.cache.all()
        failure: Exception | None = None
        if self._expected.fulfilled(key):
            failure = await self._do(key, owner, plan.next_step(owner, nodes, pods, mark, now), mark)
        await write_status(self.client, DAEMON_SETS, owner, plan.status(owner, nodes, pods, mark, now))
        if owner["spec"].get("minReadySeconds") and pods:
            self.queue.add_after(key, float(owner["spec"]["minReadySeconds"]))
        used = {(pod["metadata"].get("labels") or {}).get(HASH) for pod in pods}
        kept = {
            each["metadata"]["name"]
            for each in revisions.others
            if each["metadata"]["labels"].get(HASH_OF_REVISION) in used
        }
        limit = int(owner["spec"].get("revisionHistoryLimit", 10))
        await self._history.forget(to_forget(revisions.others, kept, limit))
        if failure is not None:
            raise failure

    async def _do(self, key: str, owner: Object, step: plan.Step, mark: str) -> Exception | None:
        doomed = [*step.delete, *step.failed]
        self._expected.expect(key, len(step.create), {pod["metadata"]["uid"] for pod in doomed})
        for pod in step.failed:
            meta = pod["metadata"]
            where = f"{meta['namespace']}/{meta['name']} on node {pod['spec'].get('nodeName')}"
            told = f"Found failed daemon pod {where}, will try to kill it"
            body = {"apiVersion": "apps/v1", "kind": "DaemonSet", **owner}
            self.recorder.event(body, WARNING, "FailedDaemonPod", told)

        async def one(index: int) -> None:
            await self._control.create(owner, pod_for(owner, step.create[index], mark))

        try:
            await asyncio.gather(*(self._control.delete(owner, pod) for pod in doomed))
            done, error = await slow_start(len(step.create), one)
        except BaseException:
            self._expected.forget(key)
            raise
        self._expected.created(key, len(step.create) - done)
        if isinstance(error, HytheError) and namespace_is_terminating(error):
            return None
        return error

    def _node(self, _node: Object) -> None:
        for key in self._owners.cache.keys():  # noqa: SIM118 - a cache, no dict
            self.queue.add(key)

    def _node_changed(self, before: Object, now: Object) -> None:
        """A heart beat is no news."""
        if _of_interest(before) != _of_interest(now):
            self._node(now)

    def _pod_added(self, pod: Object) -> None:
        for key in controller_key(pod, DAEMON_SETS):
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
        for key in controller_key(pod, DAEMON_SETS):
            self._expected.deleted(key, pod["metadata"]["uid"])

    def _queue_for(self, pod: Object) -> None:
        for key in self._keys(pod):
            self.queue.add(key)

    def _keys(self, pod: Object) -> Iterable[str]:
        if controller_of(pod) is not None:
            return controller_key(pod, DAEMON_SETS)
        carried = pod["metadata"].get("labels")
        there = self._owners.cache.in_namespace(pod["metadata"]["namespace"]) if carried else []
        return [
            key_of(each)
            for each in there
            if labels.from_object(each["spec"].get("selector")).matches(carried)
        ]


def _of_interest(node: Object) -> tuple[object, ...]:
    spec = node.get("spec") or {}
    return node["metadata"].get("labels"), spec.get("taints"), spec.get("unschedulable")
