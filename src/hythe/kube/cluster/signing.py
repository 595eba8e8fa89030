"""Signing the certificates of nodes that join: CertificateSigningRequests by whoever has a bootstrap token.

    kubelet's key stays on its machine; its request: CN system:node:NAME, O system:nodes, the hosts it will serve as
    approved when   the asker is in system:bootstrappers, or is that node itself (renewal)
    and             it asks for client and server use alone, as a node, and for no host that is the API server's

All others are left for people to judge, as in Kubernetes. One certificate serves for both uses. Source: Kubernetes,
"Certificates and Certificate Signing Requests", signer kubernetes.io/kube-apiserver-client-kubelet.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from hythe.errors import HytheError, InvalidArgument
from hythe.kube.client.cache import copied
from hythe.kube.client.client import Client
from hythe.kube.client.clock import timestamp
from hythe.kube.client.informer import each
from hythe.kube.client.resources import Resource
from hythe.kube.client.shared import SharedInformers
from hythe.kube.objects.types import Object

if TYPE_CHECKING:
    from hythe.kube.apiserver.auth.pki import Pki

_log = logging.getLogger(__name__)
REQUESTS: Final = Resource(
    "certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", namespaced=False
)
SIGNER: Final = "kubernetes.io/kube-apiserver-client-kubelet"
USAGES: Final = ("digital signature", "key encipherment", "client auth", "server auth")
_BOOTSTRAPPERS: Final = "system:bootstrappers"
_NODES: Final = "system:nodes"
_NODE: Final = "system:node:"


class Asked(NamedTuple):
    """What a request's own text (PEM) asks for."""

    name: str
    groups: tuple[str, ...]
    hosts: tuple[str, ...]


def judge(request: Object, asked: Asked, forbidden: Collection[str]) -> str:
    """The node's name if the request is to be signed, "" if it is not ours to judge. Raises InvalidArgument to deny."""
    spec = request.get("spec") or {}
    if spec.get("signerName") != SIGNER:
        return ""
    if _BOOTSTRAPPERS not in (spec.get("groups") or ()) and spec.get("username") != asked.name:
        return ""
    node = asked.name.removeprefix(_NODE)
    if not node or node == asked.name or asked.groups != (_NODES,):
        raise InvalidArgument(f"the subject is not a node's: {asked.name!r}, {', '.join(asked.groups)}")
    if set(spec.get("usages") or ()) - set(USAGES):
        raise InvalidArgument("only client and server authentication are signed for nodes")
    if taken := sorted(set(asked.hosts) & set(forbidden)):
        raise InvalidArgument(f"the API server's own names are not signed for nodes: {', '.join(taken)}")
    return node


def read(pem: bytes) -> Asked:
    """Raises InvalidArgument for what is no certificate request."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        request = x509.load_pem_x509_csr(pem)
        names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        groups = request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    except ValueError as error:
        raise InvalidArgument(f"the request cannot be read: {error}") from error
    hosts: list[str] = []
    try:
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts += found.get_values_for_type(x509.DNSName)
        hosts += [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    except x509.ExtensionNotFound:
        pass
    return Asked(
        str(names[0].value) if names else "", tuple(str(each.value) for each in groups), tuple(hosts)
    )


class Signer:
    """Judges and signs, from `run` to its cancellation. `forbidden`: hosts that no node may be."""

    def __init__(
        self, client: Client, informers: SharedInformers, pki: Pki, forbidden: Collection[str]
    ) -> None:
        self._client, self._pki, self._forbidden = client, pki, frozenset(forbidden)
        self._requests = informers.of(REQUESTS)
        self._waiting: asyncio.Queue[str] = asyncio.Queue()

    async def run(self) -> None:
        self._requests.add_handler(each(lambda body: self._waiting.put_nowait(body["metadata"]["name"])))
        while True:
            request = self._requests.cache.get(await self._waiting.get())
            if request is None or _settled(request):
                continue
            try:
                await self._settle(request)
            except HytheError as error:
                _log.info("certificate request %s: %s", request["metadata"]["name"], error)

    async def _settle(self, request: Object) -> None:
        pem = _pem(request)
        try:
            asked = read(pem)
            node = judge(request, asked, self._forbidden)
        except InvalidArgument as error:
            await self._conclude(request, "Denied", error.message)
            return
        if not node:
            return
        approved = request
        if not _conditions(request):
            approved = await self._conclude(request, "Approved", "a node of this cluster")
        signed = await asyncio.to_thread(self._pki.sign_node, pem, node, asked.hosts, datetime.now(UTC))
        approved.setdefault("status", {})["certificate"] = base64.b64encode(signed).decode()
        await self._client.update_status(REQUESTS, approved)
        _log.info("node %s has a certificate", node)

    async def _conclude(self, request: Object, kind: str, message: str) -> Object:
        body, now = copied(request), timestamp(datetime.now(UTC))
        condition = {
            "type": kind, "status": "True", "reason": "HytheNodeJoin", "message": message, "lastUpdateTime": now,
            "lastTransitionTime": now,
        }  # fmt: skip
        body.setdefault("status", {})["conditions"] = [condition]
        return await self._client.update(REQUESTS, body, subresource="approval")


def _conditions(request: Object) -> list[Object]:
    return list((request.get("status") or {}).get("conditions") or [])


def _settled(request: Object) -> bool:
    if (request.get("status") or {}).get("certificate"):
        return True
    return any(each.get("type") in ("Denied", "Failed") for each in _conditions(request))


def _pem(request: Object) -> bytes:
    try:
        return base64.b64decode((request.get("spec") or {}).get("request", ""), validate=True)
    except (binascii.Error, TypeError):
        return b""
