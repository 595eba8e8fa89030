"""The scheduler at work: pods without a node from the queue, one after the other, each placed, bound or explained.

Placing is one pass of pure code over the state. Binding is a request, and goes on in the background while the next
pod is placed; how many at once is bounded. What the informers tell keeps the state true and wakes pods that wait.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Coroutine, Sequence
from typing import Final

from hythe.errors import HytheError
from hythe.kube.client.cache import key_of
from hythe.kube.client.client import STRATEGIC_PATCH, Client
from hythe.kube.client.clock import Clock, SystemClock, timestamp
from hythe.kube.client.informer import Handler
from hythe.kube.client.recorder import NORMAL, WARNING, Recorder
from hythe.kube.client.resources import (
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    POD_DISRUPTION_BUDGETS,
    PODS,
)
from hythe.kube.client.shared import SharedInformers
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object
from hythe.kube.scheduler.budgets import violating
from hythe.kube.scheduler.placement import FILTERS, Placement, place
from hythe.kube.scheduler.plugins.volumes import filter_with
from hythe.kube.scheduler.preemption import Eviction, evict
from hythe.kube.scheduler.queue import SchedulingQueue
from hythe.kube.scheduler.state import PodInfo, State

_log = logging.getLogger(__name__)

NAME: Final = "default-scheduler"
_AT_ONCE: Final = 24
_FLUSH_EVERY: Final = 30.0
_TURN: Final = 16


class Scheduler:
    """For pods whose schedulerName is `name`."""

    def __init__(
        self, client: Client, informers: SharedInformers, *, name: str = NAME, clock: Clock | None = None
    ) -> None:
        self._client, self._informers, self._name = client, informers, name
        self._clock = clock or SystemClock()
        self._recorder = Recorder(client, name, clock=self._clock)
        self.state = State()
        self.queue = SchedulingQueue(self._clock)
        self._bindings: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._budgets = informers.of(POD_DISRUPTION_BUDGETS)
        claims, volumes = informers.of(PERSISTENT_VOLUME_CLAIMS), informers.of(PERSISTENT_VOLUMES)
        self._filters = (*FILTERS, filter_with(claims.cache, volumes.cache))
        for each in (claims, volumes):
            each.add_handler(Handler(self._matters, lambda _before, now: self._matters(now), self._matters))
        informers.of(NAMESPACES).add_handler(
            Handler(self._namespace, lambda _before, now: self._namespace(now), self._namespace_gone)
        )
        informers.of(NODES).add_handler(Handler(self._node_added, self._node_changed, self._node_gone))
        informers.of(PODS).add_handler(Handler(self._pod_added, self._pod_changed, self._pod_gone))

    async def run(self) -> None:
        """Until cancelled."""
        self._informers.start()
        await self._informers.synced()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._recorder.run(), name="scheduler events")
            group.create_task(self._flush())
            group.create_task(self._schedule())

    async def _flush(self) -> None:
        while True:
            await self._clock.sleep(_FLUSH_EVERY)
            self.queue.flush()

    async def _schedule(self) -> None:
        turns = 0
        while True:
            pod = await self.queue.pop()
            await self._room.acquire()
            try:
                self._begin(pod)
            except BaseException:
                self._room.release()
                raise
            turns += 1
            if turns % _TURN == 0:
                await asyncio.sleep(0)  # requests and news have their turn

    def _begin(self, pod: Object) -> None:
        """Place a pod; what follows from it goes on in the background."""
        info = PodInfo(pod)
        try:
            placement = place(info, self.state, self._filters, choose=random.choice)
        except Exception as error:  # noqa: BLE001 - one pod that cannot be understood must not stop all others
            _log.exception("placing %s", info.key)
            placement = Placement("", {}, f"running scheduler: {error}")
        if placement.node:
            self.state.place(info, placement.node)
            self.state.nominated.pop(info.key, None)
            work = self._bind(info, placement.node)
        else:
            work = self._explain(info, placement)
        task = asyncio.create_task(self._guarded(info, work))
        self._bindings.add(task)
        task.add_done_callback(self._ended)

    async def _guarded(self, info: PodInfo, work: Coroutine[None, None, None]) -> None:
        """A mistake here costs the pod a turn, not its life."""
        try:
            await work
        except Exception:  # noqa: BLE001
            _log.exception("after placing %s", info.key)
            self._take_back(info)
            self.queue.failed(info.key, error=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._bindings.discard(task)
        self._room.release()

    async def _bind(self, info: PodInfo, node: str) -> None:
        meta = info.pod["metadata"]
        binding = {
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": meta["name"], "namespace": info.namespace, "uid": meta["uid"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }  # fmt: skip
        try:
            await self._client.create(PODS, binding, name=meta["name"], subresource="binding")
        except HytheError as error:
            self._unbound(info, error)
            return
        self.queue.remove(info.key)
        message = f"Successfully assigned {info.key} to {node}"
        self._recorder.event(info.pod, NORMAL, "Scheduled", message)

    def _unbound(self, info: PodInfo, error: HytheError) -> None:
        cached = self._take_back(info)
        if cached is None or (isinstance(error, ApiError) and error.code == 404):
            self.queue.remove(info.key)
            return
        _log.info("binding %s: %s", info.key, error)
        self._recorder.event(info.pod, WARNING, "FailedScheduling", f"binding rejected: {error}")
        self.queue.failed(info.key, error=True)
        self.queue.something_changed()

    def _take_back(self, info: PodInfo) -> Object | None:
        """Free the place that was assumed for a pod, unless it is bound; the pod as the cache has it."""
        cached = self._informers.of(PODS).cache.get(info.key)
        if cached is None or not cached["spec"].get("nodeName"):
            self.state.remove(info.key)
        return cached

    async def _explain(self, info: PodInfo, placement: Placement) -> None:
        eviction = evict(info, self.state, placement, self._filters, self._protected)
        message = placement.message
        if eviction.node:
            self.state.nominated[info.key] = (eviction.node, info)
        if eviction.message:
            message = f"{message} preemption: {eviction.message}"
        self.queue.failed(info.key)
        self._recorder.event(info.pod, WARNING, "FailedScheduling", message)
        try:
            await self._note(info, message, eviction.node)
            for victim in eviction.victims:
                await self._evict(info, victim, eviction)
        except HytheError as error:
            _log.info("%s could not be told why it waits: %s", info.key, error)

    async def _note(self, info: PodInfo, message: str, nominated: str) -> None:
        """The condition PodScheduled, unless it says so already."""
        known = _scheduled_condition(info.pod)
        same = (known.get("status"), known.get("message")) == ("False", message)
        status: Object = {}
        if not same:
            at = timestamp(self._clock.now())
            since = known["lastTransitionTime"] if known.get("status") == "False" else at
            status["conditions"] = [
                {
                    "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
                    "lastProbeTime": None, "lastTransitionTime": since,
                }
            ]  # fmt: skip
        if nominated:
            status["nominatedNodeName"] = nominated
        if status:
            await self._patch_status(info, status)

    async def _evict(self, info: PodInfo, victim: PodInfo, eviction: Eviction) -> None:
        meta = victim.pod["metadata"]
        message = f"Preempted by pod {info.pod['metadata']['uid']} on node {eviction.node}"
        condition = {
            "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
            "message": f"{self._name}: preempting to accommodate a higher priority pod",
            "lastTransitionTime": timestamp(self._clock.now()),
        }  # fmt: skip
        await self._patch_status(victim, {"conditions": [condition]})
        await self._client.delete(PODS, meta["name"], meta["namespace"], uid=meta["uid"])
        self._recorder.event(victim.pod, NORMAL, "Preempted", message)

    async def _patch_status(self, info: PodInfo, status: Object) -> None:
        meta = info.pod["metadata"]
        patch = {"metadata": {"uid": meta["uid"]}, "status": status}
        await self._client.patch(
            PODS, meta["name"], patch, meta["namespace"], kind=STRATEGIC_PATCH, subresource="status"
        )

    def _protected(self, pods: Sequence[PodInfo]) -> set[str]:
        return violating(self._budgets.cache.all(), pods)

    def _matters(self, _body: Object) -> None:
        self.queue.something_changed()

    def _namespace(self, body: Object) -> None:
        self.state.namespaces[body["metadata"]["name"]] = body["metadata"].get("labels") or {}

    def _namespace_gone(self, body: Object) -> None:
        self.state.namespaces.pop(body["metadata"]["name"], None)

    def _node_added(self, node: Object) -> None:
        self.state.put_node(node)
        self.queue.something_changed()

    def _node_changed(self, before: Object, now: Object) -> None:
        self.state.put_node(now)
        if _of_interest(before) != _of_interest(now):
            self.queue.something_changed()

    def _node_gone(self, node: Object) -> None:
        self.state.remove_node(node["metadata"]["name"])

    def _pod_added(self, pod: Object) -> None:
        if _has_ended(pod):
            self._pod_gone(pod)
        elif pod["spec"].get("nodeName"):
            self._bound(pod)
        elif self._is_ours(pod):
            self.queue.put(pod)

    def _pod_changed(self, before: Object, now: Object) -> None:
        if _has_ended(now):
            self._pod_gone(now)
        elif now["spec"].get("nodeName"):
            if not before["spec"].get("nodeName") or before["metadata"].get("labels") != now["metadata"].get(
                "labels"
            ):
                self._bound(now)
            else:
                self._refresh(now)
        elif self._is_ours(now):
            same = before["spec"] == now["spec"] and before["metadata"].get("labels") == now["metadata"].get(
                "labels"
            )
            (self.queue.note if same else self.queue.put)(now)
        else:
            self.queue.remove(key_of(now))

    def _bound(self, pod: Object) -> None:
        key = key_of(pod)
        self.state.nominated.pop(key, None)
        self.state.place(PodInfo(pod), pod["spec"]["nodeName"])
        self.queue.remove(key)
        self.queue.pod_arrived()

    def _refresh(self, pod: Object) -> None:
        node = self.state.nodes.get(pod["spec"]["nodeName"])
        if node is not None and (known := node.pods.get(key_of(pod))) is not None:
            known.pod = pod

    def _pod_gone(self, pod: Object) -> None:
        key = key_of(pod)
        self.queue.remove(key)
        self.state.nominated.pop(key, None)
        if self.state.remove(key):
            self.queue.something_changed()

    def _is_ours(self, pod: Object) -> bool:
        spec = pod["spec"]
        if pod["metadata"].get("deletionTimestamp") or spec.get("schedulingGates"):
            return False
        return bool(spec.get("schedulerName", NAME) == self._name)


def _scheduled_condition(pod: Object) -> Object:
    found = (pod.get("status") or {}).get("conditions") or ()
    return next((dict(each) for each in found if each.get("type") == "PodScheduled"), {})


def _has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _of_interest(node: Object) -> tuple[object, ...]:
    """What of a node a pod may wait for."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    return (
        node["metadata"].get("labels"), spec.get("taints"), spec.get("unschedulable"), status.get("allocatable"),
    )  # fmt: skip
