"""Deletes pods from nodes whose NoExecute taints they do not tolerate, or no longer.

The time that a pod has is counted from the taint's timeAdded where it has one (so that a restart of this controller
gives no pod a second term), and ends when the taint goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hythe.kube.client.cache import key_of, node_name
from hythe.kube.client.client import STRATEGIC_PATCH
from hythe.kube.client.clock import parse, timestamp
from hythe.kube.client.recorder import NORMAL
from hythe.kube.client.resources import NODES, PODS
from hythe.kube.controllers.absence import gone_is_fine
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.node.taints import patience
from hythe.kube.controllers.pods import is_finished
from hythe.kube.objects.types import Object

_NODE: Final = "node"


class TaintEvictionController(Controller):
    name = "taint-eviction-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._pods = self.follow(PODS, self._placed, {_NODE: node_name})
        self._nodes = self.follow(NODES, self._on_node)
        self._since: dict[str, float] = {}

    async def sync(self, key: str) -> None:
        pod = self._pods.cache.get(key)
        node = self._nodes.cache.get(pod["spec"].get("nodeName", "")) if pod is not None else None
        if pod is None or node is None or pod["metadata"].get("deletionTimestamp") or is_finished(pod):
            self._since.pop(key, None)
            return
        taints = [each for each in _taints(node) if each.get("effect") == "NoExecute"]
        allowed = patience(pod, taints) if taints else None
        if allowed is None:
            self._since.pop(key, None)
            return
        left = allowed - self._elapsed(key, taints)
        if left > 0:
            self.queue.add_after(key, left)
            return
        await self._evict(pod)

    def _elapsed(self, key: str, taints: list[Object]) -> float:
        """Since the first of the taints, or since they were seen here."""
        added = [moment for each in taints if (moment := parse(each.get("timeAdded"))) is not None]
        if added:
            return (self.clock.now() - min(added)).total_seconds()
        return self.clock.monotonic() - self._since.setdefault(key, self.clock.monotonic())

    async def _evict(self, pod: Object) -> None:
        meta = pod["metadata"]
        condition = {
            "type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
            "lastTransitionTime": timestamp(self.clock.now()),
        }  # fmt: skip
        patch = {"metadata": {"uid": meta["uid"]}, "status": {"conditions": [condition]}}
        told = f"Marking for deletion Pod {key_of(pod)}"
        self.recorder.event({"apiVersion": "v1", "kind": "Pod", **pod}, NORMAL, "TaintManagerEviction", told)
        with gone_is_fine():
            await self.client.patch(
                PODS, meta["name"], patch, meta["namespace"], kind=STRATEGIC_PATCH, subresource="status"
            )
            await self.client.delete(PODS, meta["name"], meta["namespace"], uid=meta["uid"])

    def _placed(self, pod: Object) -> Iterable[str]:
        if pod["spec"].get("nodeName"):
            yield key_of(pod)

    def _on_node(self, node: Object) -> Iterable[str]:
        """Called for the node as it was and as it is: a node without such taints then and now is of no interest."""
        if any(each.get("effect") == "NoExecute" for each in _taints(node)):
            for pod in self._pods.cache.by(_NODE, node["metadata"]["name"]):
                yield key_of(pod)


def _taints(node: Object) -> list[Object]:
    return (node.get("spec") or {}).get("taints") or []
