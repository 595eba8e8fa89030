"""What the composition adds to a new cluster: the name service, the token by which nodes join, what they may do.

Made at each start where it is missing; what is there is left as it is, since it may have been changed on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hythe.kube.client.client import Client
from hythe.kube.client.resources import SECRETS, SERVICES, Resource
from hythe.kube.cluster import cluster_info, tokens
from hythe.kube.cluster.cluster_info import ClusterInfo
from hythe.kube.cluster.names_service import service
from hythe.kube.cluster.settings import Settings
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

_RBAC: Final = "rbac.authorization.k8s.io"
_BINDINGS: Final = Resource(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False)


async def make(client: Client, settings: Settings, authority: bytes) -> None:
    """`authority` is the certificate of the cluster's own, PEM. Raises ApiError."""
    for resource, body in _objects(settings, authority):
        if not await _there(client, resource, body):
            await client.create(resource, body)


async def _there(client: Client, resource: Resource, body: Object) -> bool:
    """Asked beforehand: making a Service whose address is given fails for the address before it does for the name."""
    try:
        await client.get(resource, body["metadata"]["name"], body["metadata"].get("namespace", ""))
    except ApiError as error:
        if error.reason != "NotFound":
            raise
        return False
    return True


def _objects(settings: Settings, authority: bytes) -> Iterator[tuple[Resource, Object]]:
    yield SERVICES, service(settings.dns_address)
    yield SECRETS, tokens.secret_of(tokens.parse(settings.token))
    yield _BINDINGS, _binding("hythe:node-proxier", "system:node-proxier", "system:nodes")
    yield _BINDINGS, _binding("hythe:node-bootstrapper", "system:node-bootstrapper", "system:bootstrappers")
    info = ClusterInfo(settings.service_cidr, settings.cluster_cidr, settings.domain, settings.dns_address)
    yield from cluster_info.objects(info, settings.url, authority)


def _binding(name: str, role: str, group: str) -> Object:
    """The agent is kubelet and proxy in one, with one certificate: nodes may do what kube-proxy may."""
    return {
        "apiVersion": _BINDINGS.api_version,
        "kind": _BINDINGS.kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": group}],
    }
