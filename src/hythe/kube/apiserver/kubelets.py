"""Where a pod's kubelet is, and how it is spoken to: HTTPS with the server's own client certificate.

The node says its address (status.addresses, InternalIP first) and its kubelet's port (status.daemonEndpoints). The
kubelet's certificate must be of the cluster's authority.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final, NamedTuple

from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.records import Records
from hythe.kube.objects.status import ApiError, bad_request, internal_error
from hythe.kube.objects.types import Object

_TYPES: Final = ("InternalIP", "ExternalIP", "Hostname", "InternalDNS", "ExternalDNS")
_PORT: Final = 10250


class Place(NamedTuple):
    """Where to connect. `context` None: without TLS."""

    host: str
    port: int
    context: ssl.SSLContext | None


def client_context(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """A kubelet is known by the cluster's authority, not by its name: nodes are reached by address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(authority)
    context.load_cert_chain(certificate, key)
    return context


class Kubelets:
    """Finds kubelets. `context` None: kubelets are spoken to without TLS, for tests."""

    def __init__(self, definitions: Definitions, records: Records, context: ssl.SSLContext | None) -> None:
        self._definitions, self._records, self._context = definitions, records, context

    async def of_pod(self, pod: Object) -> Place:
        """Raises ApiError if the pod has no node yet, or the node no address."""
        name = pod["metadata"]["name"]
        node = (pod.get("spec") or {}).get("nodeName")
        if not node:
            raise bad_request(f"pod {name} does not have a host assigned")
        return await self.of_node(node)

    async def of_node(self, name: str) -> Place:
        """Raises ApiError if there is no such node, or it has no address."""
        definition = self._definitions.built_in("", "v1", "nodes")
        node = (await self._records.get(definition, "", name)).object()
        status = node.get("status") or {}
        endpoint = (status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}
        return Place(_address(node), int(endpoint.get("Port") or _PORT), self._context)


def _address(node: Object) -> str:
    known = {each["type"]: each["address"] for each in (node.get("status") or {}).get("addresses") or []}
    for kind in _TYPES:
        if kind in known:
            return str(known[kind])
    raise _unknown(node)


def _unknown(node: Object) -> ApiError:
    return internal_error(
        f"no preferred addresses found; known addresses: [] of node {node['metadata']['name']}"
    )
