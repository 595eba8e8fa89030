"""The ConfigMap cluster-info in kube-public: what anybody may know of the cluster, a node that is to join first of all.

`kubeconfig` is what Kubernetes' own tools put there: the server and its authority, without a user. The other keys are
ours: ranges, domain, address of cluster DNS.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from hythe.errors import InvalidArgument
from hythe.kube.client.resources import CONFIG_MAPS, Resource
from hythe.kube.objects.types import Object

NAMESPACE: Final = "kube-public"
NAME: Final = "cluster-info"
PATH: Final = f"/api/v1/namespaces/{NAMESPACE}/configmaps/{NAME}"
_RBAC: Final = "rbac.authorization.k8s.io"
_ROLES: Final = Resource(_RBAC, "v1", "roles", "Role")
_BINDINGS: Final = Resource(_RBAC, "v1", "rolebindings", "RoleBinding")
_ROLE: Final = "hythe:cluster-info"


@dataclass(frozen=True)
class ClusterInfo:
    """What a node takes from its cluster."""

    services: str
    pods: str
    domain: str
    dns: str


def objects(info: ClusterInfo, server: str, authority: bytes) -> Iterator[tuple[Resource, Object]]:
    """The ConfigMap, and leave for everybody to read it."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    kubeconfig = {"apiVersion": "v1", "kind": "Config", "clusters": [{"name": "", "cluster": cluster}]}
    data = {"kubeconfig": json.dumps(kubeconfig), "hythe": json.dumps(asdict(info))}
    yield CONFIG_MAPS, _object(CONFIG_MAPS, NAME, data=data)
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [NAME], "verbs": ["get"]}
    yield _ROLES, _object(_ROLES, _ROLE, rules=[rule])
    reference = {"apiGroup": _RBAC, "kind": "Role", "name": _ROLE}
    everybody = [
        {"apiGroup": _RBAC, "kind": "Group", "name": group}
        for group in ("system:unauthenticated", "system:authenticated")
    ]
    yield _BINDINGS, _object(_BINDINGS, _ROLE, roleRef=reference, subjects=everybody)


def _object(resource: Resource, name: str, **fields: object) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **fields}


def read(config_map: Object) -> tuple[ClusterInfo, bytes]:
    """What a node reads of it, and the authority (PEM). Raises InvalidArgument for another's cluster-info."""
    data = config_map.get("data") or {}
    try:
        cluster = json.loads(data["kubeconfig"])["clusters"][0]["cluster"]
        info = ClusterInfo(**json.loads(data["hythe"]))
        return info, base64.b64decode(cluster["certificate-authority-data"], validate=True)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InvalidArgument(f"the server's {NAME} is not that of a hythe cluster: {error!r}") from error
