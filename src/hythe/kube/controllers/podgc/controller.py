"""Takes away pods whose end no kubelet will report.

on a node that is gone (for 40 s, asked of the server again)   failed, then deleted at once
being deleted, and never had a node                            deleted at once
being deleted, on a node tainted out-of-service                deleted at once
finished, and more than 12,500 of them                         the oldest deleted
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hythe.kube.client.cache import key_of, node_name
from hythe.kube.client.client import STRATEGIC_PATCH
from hythe.kube.client.clock import timestamp
from hythe.kube.client.resources import NODES, PODS
from hythe.kube.controllers.absence import gone_is_fine
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.pods import condition, is_finished
from hythe.kube.objects.types import Object

_NODE: Final = "node"
_QUARANTINE: Final = 40.0
_MOST_FINISHED: Final = 12_500
_OUT_OF_SERVICE: Final = "node.kubernetes.io/out-of-service"


class PodGarbageCollector(Controller):
    name = "pod-garbage-collector-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._missing: dict[str, float] = {}
        """Nodes that are not there, and since when."""
        self._pods = self.follow(PODS, indexes={_NODE: node_name, "finished": _finished})
        self._nodes = self.follow(NODES, self._on_node)

    async def sync(self, key: str) -> None:
        pod = self._pods.cache.get(key)
        if pod is None:
            return
        name = pod["spec"].get("nodeName", "")
        node = self._nodes.cache.get(name) if name else None
        deleting = bool(pod["metadata"].get("deletionTimestamp"))
        if not name:
            if deleting:
                await self._delete(pod)
        elif node is None:
            await self._orphaned(key, pod, name)
        else:
            self._missing.pop(name, None)
            if deleting and _is_out_of_service(node):
                await self._fail(pod, "node is out of service")
                await self._delete(pod)
        if is_finished(pod):
            await self._too_many()

    async def _orphaned(self, key: str, pod: Object, name: str) -> None:
        """The node may be new, and its news late."""
        since = self._missing.setdefault(name, self.clock.monotonic())
        left = since + _QUARANTINE - self.clock.monotonic()
        if left > 0:
            self.queue.add_after(key, left + 0.01)
            return
        with gone_is_fine():
            await self.client.get(NODES, name)
            self._missing.pop(name, None)
            return
        await self._fail(pod, "node no longer exists")
        await self._delete(pod)

    async def _too_many(self) -> None:
        finished = self._pods.cache.by("finished", "")
        surplus = len(finished) - _MOST_FINISHED
        if surplus > 0:
            finished.sort(key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")))
            for pod in finished[:surplus]:
                await self._delete(pod)

    async def _fail(self, pod: Object, why: str) -> None:
        if is_finished(pod):
            return
        meta = pod["metadata"]
        now = timestamp(self.clock.now())
        target = {
            "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
            "message": f"PodGC: {why}", "lastTransitionTime": now,
        }  # fmt: skip
        status: Object = {"phase": "Failed", "conditions": [target]}
        if condition(pod, "Ready") is not None:
            status["conditions"].append({"type": "Ready", "status": "False", "lastTransitionTime": now})
        patch = {"metadata": {"uid": meta["uid"]}, "status": status}
        with gone_is_fine():
            await self.client.patch(
                PODS, meta["name"], patch, meta["namespace"], kind=STRATEGIC_PATCH, subresource="status"
            )

    async def _delete(self, pod: Object) -> None:
        meta = pod["metadata"]
        with gone_is_fine():
            await self.client.delete(PODS, meta["name"], meta["namespace"], uid=meta["uid"], grace=0)

    def _on_node(self, node: Object) -> Iterable[str]:
        """A node that is gone, or out of service; a beating heart is no news."""
        name = node["metadata"]["name"]
        if name in self.informers.of(NODES).cache and not _is_out_of_service(node):
            return ()
        return [key_of(pod) for pod in self._pods.cache.by(_NODE, name)]


def _finished(pod: Object) -> Iterable[str]:
    return ("",) if is_finished(pod) else ()


def _is_out_of_service(node: Object) -> bool:
    return any(each["key"] == _OUT_OF_SERVICE for each in (node.get("spec") or {}).get("taints") or ())
