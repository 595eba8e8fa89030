"""What a node must know of its cluster to take part, and how the node beside the server comes to know it.

`local`: the agent that runs beside its server, in the same data directory, takes the cluster's settings from there, and
its certificate from the cluster's authority, whose key its user can read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

from hythe.base.files import write_atomic
from hythe.kube.cluster.places import Places
from hythe.kube.cluster.settings import Settings

_NODE_PREFIX: Final = 24


@dataclass(frozen=True)
class Membership:
    """`instance` is in the names of what the node makes on its machine; `kubeconfig`: who it is to the server.

    `pods`: addresses of all pods, `own_pods` of this node's.

    `certificate`, `key`: the kubelet's, as a client and as a server. `authority`: whose clients the kubelet serves.
    """

    instance: str
    node: str
    address: str
    services: IPv4Network
    pods: str
    own_pods: str
    dns_address: str
    domain: str
    cri: str
    data: Path
    kubeconfig: Path
    certificate: Path
    key: Path
    authority: Path


def pods_group(instance: str) -> str:
    """The control group of a node's pods, from the top of each tree."""
    return f"/hythe-kube-{instance}"


def node_ranges(pods: str) -> Iterator[IPv4Network]:
    """The ranges of single nodes, in order: /24 each, the whole where that is smaller."""
    whole = IPv4Network(pods)
    return whole.subnets(new_prefix=max(_NODE_PREFIX, whole.prefixlen))


def local(settings: Settings, places: Places) -> Membership:
    """Blocks for some milliseconds: a certificate is made at each start."""
    from hythe.kube.apiserver.auth.kubeconfig import kubeconfig, write_kubeconfig
    from hythe.kube.apiserver.auth.pki import node_holder
    from hythe.kube.cluster.certificates import cluster_pki

    pki = cluster_pki(settings, places)
    hosts = (settings.node_name, settings.node_ip, "127.0.0.1", "localhost")
    pair = pki.authority.issue(node_holder(settings.node_name), datetime.now(UTC), hosts)
    folder = places.agent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(folder / "kubelet.key", pair.key, 0o600)
    write_atomic(folder / "kubelet.crt", pair.certificate)
    authority = pki.ca_file.read_bytes()
    write_atomic(folder / "ca.crt", authority)
    write_kubeconfig(
        folder / "kubelet.kubeconfig",
        kubeconfig(
            f"https://127.0.0.1:{settings.port}", authority, pair, user=f"system:node:{settings.node_name}"
        ),
    )
    return Membership(
        instance=settings.id,
        node=settings.node_name,
        address=settings.node_ip,
        services=settings.services,
        pods=settings.cluster_cidr,
        own_pods=str(next(node_ranges(settings.cluster_cidr))),
        dns_address=settings.dns_address,
        domain=settings.domain,
        cri=settings.cri or places.cri,
        data=folder,
        kubeconfig=folder / "kubelet.kubeconfig",
        certificate=folder / "kubelet.crt",
        key=folder / "kubelet.key",
        authority=folder / "ca.crt",
    )
