"""Tells kubelets, by an annotation of their node, how long they may keep Secrets and ConfigMaps without asking.

Small clusters may ask always (0 s); the more nodes there are, the longer it is. Upstream's boundaries.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hythe.kube.client.cache import key_of
from hythe.kube.client.resources import NODES
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.objects.types import Object

ANNOTATION: Final = "node.alpha.kubernetes.io/ttl"
_BOUNDARIES: Final = ((100, 0), (500, 15), (1000, 30), (2000, 60))
_LONGEST: Final = 300


class NodeTtlController(Controller):
    name = "ttl-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._nodes = self.informers.of(NODES)
        self._told = -1
        self.follow(NODES, self._due)

    async def sync(self, key: str) -> None:
        node = self._nodes.cache.get(key)
        wanted = str(seconds(len(self._nodes.cache)))
        if node is None or (node["metadata"].get("annotations") or {}).get(ANNOTATION) == wanted:
            return
        await self.client.patch(NODES, key, {"metadata": {"annotations": {ANNOTATION: wanted}}})

    def _due(self, node: Object) -> Iterable[str]:
        """All nodes, when their number has crossed a boundary; else only one that has no answer."""
        wanted = seconds(len(self._nodes.cache))
        if wanted != self._told:
            self._told = wanted
            return self._nodes.cache.keys()
        known = (node["metadata"].get("annotations") or {}).get(ANNOTATION)
        return () if known == str(wanted) else (key_of(node),)


def seconds(nodes: int) -> int:
    """For a cluster of that many. Pure."""
    return next((time for most, time in _BOUNDARIES if nodes <= most), _LONGEST)
