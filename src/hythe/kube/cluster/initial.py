"""What the composition adds to a new cluster: the name service, and what nodes may read.

Made at each start where it is missing; what is there is left as it is, since it may have been changed on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hythe.kube.client.client import Client
from hythe.kube.client.resources import SERVICES, Resource
from hythe.kube.cluster.names_service import service
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

_RBAC: Final = "rbac.authorization.k8s.io"
_BINDINGS: Final = Resource(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False)


async def make(client: Client, dns_address: str) -> None:
    """Raises ApiError."""
    for resource, body in _objects(dns_address):
        try:
            await client.create(resource, body)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise


def _objects(dns_address: str) -> Iterator[tuple[Resource, Object]]:
    yield SERVICES, service(dns_address)
    yield _BINDINGS, _binding("hythe:node-proxier", "system:node-proxier", "system:nodes")


def _binding(name: str, role: str, group: str) -> Object:
    """The agent is kubelet and proxy in one, with one certificate: nodes may do what kube-proxy may."""
    return {
        "apiVersion": _BINDINGS.api_version,
        "kind": _BINDINGS.kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": group}],
    }
