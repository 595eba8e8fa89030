"""The Service kube-dns in kube-system, and an endpoint slice of it for each node.

Name servers listen on ports of their own choice, which their nodes' annotations tell. The Service's traffic stays on
the node (internalTrafficPolicy: Local), so every pod asks its own node's. A slice belongs to its node and goes with it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from hythe.errors import HytheError
from hythe.kube.client.client import Client
from hythe.kube.client.informer import each
from hythe.kube.client.resources import ENDPOINT_SLICES, NODES
from hythe.kube.client.shared import SharedInformers
from hythe.kube.cluster.naming import annotation
from hythe.kube.objects.types import Object

_log = logging.getLogger(__name__)
NAMESPACE: Final = "kube-system"
SERVICE: Final = "kube-dns"
_MANAGER: Final = "hythe-cluster-dns"
_PORTS: Final = (("dns", "UDP"), ("dns-tcp", "TCP"))
_AGAIN: Final = 1.0


def service(address: str) -> Object:
    """The Service, at the cluster address `address`."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": SERVICE,
            "namespace": NAMESPACE,
            "labels": {
                "k8s-app": SERVICE,
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "CoreDNS",
            },
        },
        "spec": {
            "clusterIP": address,
            "internalTrafficPolicy": "Local",
            "ports": [
                {"name": name, "protocol": protocol, "port": 53, "targetPort": 53}
                for name, protocol in _PORTS
            ],
        },
    }


def slice_of(node: Object) -> Object | None:
    """The endpoint slice of a node's name server; None where it says of none."""
    address, _, port = annotation(node).rpartition(":")
    if not address or not port.isdigit():
        return None
    meta = node["metadata"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": meta["name"], "uid": meta["uid"]}
    return {
        "apiVersion": ENDPOINT_SLICES.api_version,
        "kind": ENDPOINT_SLICES.kind,
        "metadata": {
            "name": f"{SERVICE}-{meta['name']}",
            "namespace": NAMESPACE,
            "labels": {
                "kubernetes.io/service-name": SERVICE,
                "endpointslice.kubernetes.io/managed-by": _MANAGER,
            },
            "ownerReferences": [owner],
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "nodeName": meta["name"], "conditions": {"ready": True}}],
        "ports": [{"name": name, "protocol": protocol, "port": int(port)} for name, protocol in _PORTS],
    }


class NamesService:
    """Keeps the slices as the nodes say, from `run` to its cancellation."""

    def __init__(self, client: Client, informers: SharedInformers) -> None:
        self._client = client
        self._nodes = informers.of(NODES)
        self._dirty: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._done: dict[str, str] = {}

    async def run(self) -> None:
        self._nodes.add_handler(each(self._changed))
        while True:
            await self._wake.wait()
            self._wake.clear()
            for name in list(self._dirty):
                del self._dirty[name]
                await self._publish(name)

    def _changed(self, node: Object) -> None:
        name = node["metadata"]["name"]
        if self._nodes.cache.get(name) is None:
            self._done.pop(name, None)
        elif self._done.get(name) != annotation(node):
            self._dirty[name] = None
            self._wake.set()

    async def _publish(self, name: str) -> None:
        node = self._nodes.cache.get(name)
        wanted = slice_of(node) if node is not None else None
        if node is None or wanted is None:
            return
        try:
            await self._client.apply(ENDPOINT_SLICES, wanted, manager=_MANAGER, force=True)
            self._done[name] = annotation(node)
        except HytheError as error:
            _log.info("the name server of node %s: %s", name, error)
            asyncio.get_running_loop().call_later(_AGAIN, self._changed, node)
