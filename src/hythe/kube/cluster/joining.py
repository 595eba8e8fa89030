"""How a node comes to be of a cluster: `hythe kube agent --server URL --token T`.

    1. read cluster-info, from a server that may be anybody's: believed if its authority is the token's
    2. make a key; ask for its certificate, with the token as proof (`signing.py` is the other side)
    3. keep key, certificate, authority and what the cluster said in the data directory

At the next start everything is there, and the token is not needed again while the certificate is good.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from hythe.base.files import write_atomic
from hythe.base.ids import random_hex
from hythe.errors import Denied, InvalidArgument, NoSpace, Unavailable
from hythe.kube.client.client import Client
from hythe.kube.client.connection import Endpoint
from hythe.kube.client.resources import NODES
from hythe.kube.client.transport import Transport
from hythe.kube.cluster import cluster_info
from hythe.kube.cluster.addressing import new_id
from hythe.kube.cluster.cluster_info import ClusterInfo
from hythe.kube.cluster.membership import Membership, node_ranges
from hythe.kube.cluster.signing import REQUESTS, SIGNER, USAGES
from hythe.kube.cluster.tokens import JoinToken
from hythe.kube.objects.types import Object

if TYPE_CHECKING:
    from cryptography import x509

_PATIENCE: Final = 60.0
_AGAIN: Final = 0.1
_GOOD_FOR: Final = timedelta(days=30)
"""A certificate that ends sooner is replaced at the next start, for which the token is needed."""


async def join(
    folder: Path, server: str, token: JoinToken | None, *, node: str, address: str, cri: str
) -> Membership:
    """Raises Denied for a server that is not the token's or does not know it, Unavailable, InvalidArgument."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _good(folder, node):
        if token is None:
            raise InvalidArgument("a node that joins needs a token", hint="give --token")
        await _join(folder, server, token, node, address)
    about = json.loads((folder / "node.json").read_text())
    info = ClusterInfo(**about["cluster"])
    _write_kubeconfig(folder, server, node)
    own_pods = await _own_range(folder, info, node)
    return Membership(
        instance=about["instance"],
        node=node,
        address=address,
        services=IPv4Network(info.services),
        pods=info.pods,
        own_pods=own_pods,
        dns_address=info.dns,
        domain=info.domain,
        cri=cri,
        data=folder,
        kubeconfig=folder / "kubelet.kubeconfig",
        certificate=folder / "kubelet.crt",
        key=folder / "kubelet.key",
        authority=folder / "ca.crt",
    )


async def _join(folder: Path, server: str, token: JoinToken, node: str, address: str) -> None:
    info, authority = await _introduced(server)
    if not token.matches(authority):
        raise Denied(
            f"the server at {server} is not the one that the token is of",
            hint="take the token that it prints",
        )
    key, request = _request(node, address)
    certificate = await _certificate(server, authority, token, node, request)
    write_atomic(folder / "ca.crt", authority)
    write_atomic(folder / "kubelet.key", key, 0o600)
    write_atomic(folder / "kubelet.crt", certificate)
    about = {"instance": _instance(folder), "node": node, "cluster": asdict(info)}
    write_atomic(folder / "node.json", json.dumps(about).encode())


async def _own_range(folder: Path, info: ClusterInfo, node: str) -> str:
    """The addresses of this node's pods: those it has had, else the first that no other node has."""
    async with Client.from_kubeconfig(folder / "kubelet.kubeconfig", manager="hythe-agent") as client:
        nodes = (await client.list(NODES)).items
    taken = {each["metadata"]["name"]: (each.get("spec") or {}).get("podCIDR", "") for each in nodes}
    if taken.get(node):
        return str(taken[node])
    for found in node_ranges(info.pods):
        if str(found) not in taken.values():
            return str(found)
    raise NoSpace(f"no range of addresses is left in {info.pods} for another node")


async def _introduced(server: str) -> tuple[ClusterInfo, bytes]:
    """What a server says of itself; nothing that it says has been verified."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with _client(server, context) as client:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                return cluster_info.read(await client.call("GET", cluster_info.PATH))
            except Unavailable:
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(_AGAIN)


async def _certificate(server: str, authority: bytes, token: JoinToken, node: str, request: bytes) -> bytes:
    context = ssl.create_default_context(cadata=authority.decode())
    body: Object = {
        "apiVersion": REQUESTS.api_version,
        "kind": REQUESTS.kind,
        "metadata": {"name": f"node-{node}-{random_hex(4)}"},
        "spec": {
            "signerName": SIGNER,
            "request": base64.b64encode(request).decode(),
            "usages": list(USAGES),
        },
    }
    with _client(server, context, {"Authorization": f"Bearer {token.bearer}"}) as client:
        made = await client.create(REQUESTS, body)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            status = (await client.get(REQUESTS, made["metadata"]["name"])).get("status") or {}
            if status.get("certificate"):
                return base64.b64decode(status["certificate"])
            for condition in status.get("conditions") or ():
                if condition.get("type") == "Denied":
                    raise Denied(f"the server refuses node {node}: {condition.get('message', '')}")
            await asyncio.sleep(_AGAIN)
    raise Unavailable(f"the server did not sign the certificate of node {node}", hint="kubectl get csr")


class _client:
    """A client of `server`, closed at the end."""

    def __init__(self, server: str, context: ssl.SSLContext, headers: dict[str, str] | None = None) -> None:
        url = urlsplit(server)
        if url.scheme != "https" or not url.hostname:
            raise InvalidArgument(f"invalid server {server!r}", hint="write https://HOST:PORT")
        endpoint = Endpoint(host=url.hostname, port=url.port or 443, tls=context)
        self._client = Client(Transport(endpoint, headers=headers or {}), manager="hythe-agent")

    def __enter__(self) -> Client:
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()


def _request(node: str, address: str) -> tuple[bytes, bytes]:
    """(key, certificate request), both PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"system:node:{node}"),
        ]
    )
    hosts: list[x509.GeneralName] = [x509.DNSName(node), x509.IPAddress(IPv4Address(address))]
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    plain = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return plain, request.public_bytes(encoding)


def _good(folder: Path, node: str) -> bool:
    """Whether the node has joined before under this name, and its certificate lasts."""
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate((folder / "kubelet.crt").read_bytes())
        about = json.loads((folder / "node.json").read_text())
    except (OSError, ValueError):
        return False
    lasts = certificate.not_valid_after_utc - datetime.now(UTC) > _GOOD_FOR
    return lasts and about.get("node") == node and (folder / "kubelet.key").exists()


def _instance(folder: Path) -> str:
    """The same as before, where something was made under it."""
    try:
        return str(json.loads((folder / "node.json").read_text())["instance"])
    except (OSError, ValueError, KeyError):
        return new_id()


def _write_kubeconfig(folder: Path, server: str, node: str) -> None:
    from hythe.kube.apiserver.auth.authority import Pair
    from hythe.kube.apiserver.auth.kubeconfig import kubeconfig, write_kubeconfig

    pair = Pair((folder / "kubelet.crt").read_bytes(), (folder / "kubelet.key").read_bytes())
    content = kubeconfig(server, (folder / "ca.crt").read_bytes(), pair, user=f"system:node:{node}")
    write_kubeconfig(folder / "kubelet.kubeconfig", content)
