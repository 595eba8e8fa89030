"""Notices nodes that have gone silent, and taints nodes by their conditions.

A node that neither renews its Lease nor its status for the grace period gets Ready (and the pressures) Unknown, and
its pods stop being ready, so Services leave them. Conditions and cordons become taints, for the scheduler and for
`eviction`. Each node's key comes back when its grace would be over; there is no loop over all of them.

When no node at all is ready it is rather this side that is cut off: then nobody's pods are evicted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hythe.kube.client.cache import copied, node_name
from hythe.kube.client.client import STRATEGIC_PATCH
from hythe.kube.client.clock import timestamp
from hythe.kube.client.informer import each
from hythe.kube.client.recorder import NORMAL
from hythe.kube.client.resources import LEASES, NODES, PODS
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.node import taints
from hythe.kube.controllers.node.silence import Silence
from hythe.kube.controllers.pods import condition, is_ready
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

_LEASES: Final = "kube-node-lease"
_UNKNOWN: Final = {
    "Ready": "Kubelet stopped posting node status.",
    "MemoryPressure": "Kubelet stopped posting node status.",
    "DiskPressure": "Kubelet stopped posting node status.",
    "PIDPressure": "Kubelet stopped posting node status.",
}


class NodeLifecycleController(Controller):
    name = "node-lifecycle-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._cut_off = False
        self._grace = context.options.node_grace
        self._silence = Silence(self.clock)
        self._nodes = self.follow(NODES)
        self._leases = self.informers.of(LEASES)
        self._leases.add_handler(each(self._heard))
        self._pods = self.informers.of(PODS, {"node": node_name})

    async def sync(self, key: str) -> None:
        node = self._nodes.cache.get(key)
        if node is None:
            self._silence.forget(key)
            return
        left = self._grace - self._silence.look(node, self._leases.cache.get(f"{_LEASES}/{key}"))
        if left <= 0:
            node = await self._silent(node)
        else:
            self.queue.add_after(key, left + 0.01)
        self._look_around()
        await self._taint(node)
        if (condition(node, "Ready") or {}).get("status") == "Unknown":
            await self._doubt_pods(key)

    def _look_around(self) -> None:
        """Is there a ready node? When that changes, it changes the taints of all."""
        nodes = self._nodes.cache.all()
        cut_off = not any(is_ready(node) for node in nodes)
        if cut_off != self._cut_off:
            self._cut_off = cut_off
            for node in nodes:
                self.queue.add(node["metadata"]["name"])

    def _heard(self, lease: Object) -> None:
        """Only what changes something is worked on: a node that was silent speaks again by its status."""
        meta = lease["metadata"]
        node = self._nodes.cache.get(meta["name"]) if meta.get("namespace") == _LEASES else None
        if node is not None:
            self._silence.look(node, lease)

    async def _silent(self, node: Object) -> Object:
        changed = unknown(node, self.clock.now())
        if changed is None:
            return node
        meta = node["metadata"]
        made = await self.client.update_status(NODES, changed)
        body = {"apiVersion": "v1", "kind": "Node", **node}
        told = f"Node {meta['name']} status is now: NodeNotReady"
        self.recorder.event(body, NORMAL, "NodeNotReady", told)
        return made

    async def _taint(self, node: Object) -> None:
        present = (node.get("spec") or {}).get("taints") or []
        due = taints.wanted(node, self.clock.now(), evict=not self._cut_off)
        if taints.same(present, due):
            return
        meta = node["metadata"]
        patch = {"metadata": {"resourceVersion": meta["resourceVersion"]}, "spec": {"taints": due or None}}
        await self.client.patch(NODES, meta["name"], patch)

    async def _doubt_pods(self, name: str) -> None:
        for pod in self._pods.cache.by("node", name):
            if not is_ready(pod):
                continue
            meta = pod["metadata"]
            doubt = {"type": "Ready", "status": "False", "lastTransitionTime": timestamp(self.clock.now())}
            patch = {"metadata": {"uid": meta["uid"]}, "status": {"conditions": [doubt]}}
            try:
                await self.client.patch(
                    PODS, meta["name"], patch, meta["namespace"], kind=STRATEGIC_PATCH, subresource="status"
                )
            except ApiError as error:
                if error.code not in (404, 409):
                    raise


def unknown(node: Object, now: datetime) -> Object | None:
    """The node with its conditions Unknown; None: they are. Pure."""
    conditions = copied((node.get("status") or {}).get("conditions") or [])
    changed = False
    for kind, message in _UNKNOWN.items():
        found = next((one for one in conditions if one["type"] == kind), None)
        if found is None:
            reason = "NodeStatusNeverUpdated"
            found = {"type": kind, "lastHeartbeatTime": node["metadata"].get("creationTimestamp")}
            message = "Kubelet never posted node status."
            conditions.append(found)
        else:
            reason = "NodeStatusUnknown"
        if found.get("status") != "Unknown":
            found |= {
                "status": "Unknown", "reason": reason, "message": message, "lastTransitionTime": timestamp(now),
            }  # fmt: skip
            changed = True
    return {**node, "status": {**(node.get("status") or {}), "conditions": conditions}} if changed else None
