"""Cluster DNS of one node: fed by the informers, and made known by an annotation of the node.

A node may write nothing but its own object, so it says there where its name server listens; the server makes the
endpoint slices of that (`names_service.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from hythe.base.files import write_atomic
from hythe.errors import HytheError, SystemProblem
from hythe.kube.client.cache import split_key
from hythe.kube.client.client import Client
from hythe.kube.client.informer import Informer, each
from hythe.kube.client.resources import ENDPOINT_SLICES, NODES, SERVICES
from hythe.kube.client.shared import SharedInformers
from hythe.kube.dns.answers import Answerer
from hythe.kube.dns.server import DnsServer
from hythe.kube.dns.zone import Zone
from hythe.kube.objects.types import Object

_log = logging.getLogger(__name__)
ANNOTATION: Final = "node.hythe/cluster-dns"
"""ADDRESS:PORT of the node's name server, for UDP and TCP."""
_LABEL: Final = "kubernetes.io/service-name"
_INDEX: Final = "service"
_AGAIN: Final = 1.0


class ClusterNames:
    """The name server of the node `node` at `address`; `nodes` knows that node, `data` is a folder of ours."""

    def __init__(
        self,
        informers: SharedInformers,
        nodes: Informer,
        client: Client,
        node: str,
        address: str,
        domain: str,
        data: Path,
    ) -> None:
        self._client, self._node, self._address = client, node, address
        self._port_file = data / "dns-port"
        self._nodes, self._node_changed = nodes, asyncio.Event()
        self._zone = Zone(domain)
        self._server = DnsServer(Answerer(self._zone), address)
        self._services = informers.of(SERVICES)
        self._slices = informers.of(ENDPOINT_SLICES, {_INDEX: _service_of})

    async def start(self) -> None:
        """Answer from now on, with what is known so far. Raises SystemProblem.

        On the port of the last time, if it is still free: then the node's pods need not wait for the news.
        """
        try:
            await self._server.start(self._last_port())
        except SystemProblem:
            await self._server.start()
        write_atomic(self._port_file, f"{self._server.port}\n".encode())
        self._services.add_handler(each(lambda body: self._changed(_key(body))))
        self._slices.add_handler(each(self._slice_changed))
        self._nodes.add_handler(each(lambda _body: self._node_changed.set()))

    async def stop(self) -> None:
        await self._server.stop()

    async def publish(self) -> None:
        """Have the annotation on the node, once there is one, and until cancelled."""
        own = self._nodes.cache
        while True:
            node = own.get(self._node)
            if node is not None and annotation(node) != self._place:
                change = {"metadata": {"annotations": {ANNOTATION: self._place}}}
                try:
                    await self._client.patch(NODES, self._node, change)
                except HytheError as error:
                    _log.info("cluster DNS of this node is not published yet: %s", error)
                    await asyncio.sleep(_AGAIN)
                    continue
            self._node_changed.clear()
            await self._node_changed.wait()

    def _last_port(self) -> int:
        """0 if there was none."""
        try:
            return int(self._port_file.read_text())
        except (OSError, ValueError):
            return 0

    @property
    def _place(self) -> str:
        return f"{self._address}:{self._server.port}"

    def _slice_changed(self, found: Object) -> None:
        for key in _service_of(found):
            self._changed(key)

    def _changed(self, key: str) -> None:
        service = self._services.cache.get(key)
        if service is None:
            self._zone.drop(split_key(key))
        else:
            self._zone.put(service, self._slices.cache.by(_INDEX, key))


def annotation(node: Object) -> str:
    """What a node says of its name server; "" if nothing."""
    return str((node["metadata"].get("annotations") or {}).get(ANNOTATION, ""))


def _key(body: Object) -> str:
    return f"{body['metadata']['namespace']}/{body['metadata']['name']}"


def _service_of(found: Object) -> Iterable[str]:
    """An index of endpoint slices: NAMESPACE/SERVICE."""
    meta = found["metadata"]
    name = (meta.get("labels") or {}).get(_LABEL)
    return (f"{meta['namespace']}/{name}",) if name else ()
