"""Defaults of the core group that depend on other fields, and of kinds that look like them.

Each function fills in one struct, in place, before the constants of that struct and before what is inside of it.
Source: Kubernetes 1.32, pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from hythe.kube.objects import quantity
from hythe.kube.objects.types import Object

CLIENT_IP_TIMEOUT: Final = 10800


def pod(obj: Object) -> None:
    """Requests are the limits where only these are said; with the host's network, ports are the host's."""
    spec = obj["spec"]
    spec.setdefault("enableServiceLinks", True)
    containers = [*spec.get("containers", ()), *spec.get("initContainers", ())]
    for container in containers:
        _requests_from_limits(container.get("resources") or {})
        if spec.get("hostNetwork"):
            for port in container.get("ports", ()):
                if not port.get("hostPort") and port.get("containerPort"):
                    port["hostPort"] = port["containerPort"]


def _requests_from_limits(resources: Object) -> None:
    for name, amount in (resources.get("limits") or {}).items():
        requests = resources.setdefault("requests", {})
        requests.setdefault(name, amount)


def container(obj: Object) -> None:
    """An image without a tag, or tagged `latest`, is pulled always."""
    if not obj.get("imagePullPolicy"):
        obj["imagePullPolicy"] = "Always" if _tag(obj.get("image", "")) == "latest" else "IfNotPresent"


def _tag(image: str) -> str:
    """The tag of an image; `latest` where there is neither tag nor digest."""
    name, _, digest = image.partition("@")
    last = name.rpartition("/")[2]
    tag = last.partition(":")[2]
    return tag or ("" if digest else "latest")


def volume(obj: Object) -> None:
    """A volume of no kind is an emptyDir."""
    if not set(obj) - {"name"}:
        obj["emptyDir"] = {}


def service(obj: Object) -> None:
    spec = obj["spec"]
    kind = spec.get("type") or "ClusterIP"
    if spec.get("sessionAffinity") == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {}).setdefault(
            "timeoutSeconds", CLIENT_IP_TIMEOUT
        )
    else:
        spec.pop("sessionAffinityConfig", None)
    if kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs")):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        for ingress in obj.get("status", {}).get("loadBalancer", {}).get("ingress", ()):
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


def service_port(obj: Object) -> None:
    if obj.get("targetPort") in (None, 0, ""):
        obj["targetPort"] = obj.get("port", 0)


def secret(obj: Object) -> None:
    """`stringData` is a way to write `data`, and is not kept."""
    for key, text in (obj.pop("stringData", None) or {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()


def namespace(obj: Object) -> None:
    """A namespace bears its own name as a label."""
    name = obj["metadata"].get("name")
    if name:
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name


def node_status(obj: Object) -> None:
    """All that a node has may be used, unless it says otherwise."""
    if obj.get("capacity") and not obj.get("allocatable"):
        obj["allocatable"] = dict(obj["capacity"])


def limit_range_item(obj: Object) -> None:
    """Of containers: the limit is the maximum, the request the limit or else the minimum."""
    if obj.get("type") != "Container":
        return
    for source, target in (("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")):
        for name, amount in (obj.get(source) or {}).items():
            obj.setdefault(target, {}).setdefault(name, amount)


def replication_controller(obj: Object) -> None:
    """Selector and labels are those of the template."""
    labels = ((obj["spec"].get("template") or {}).get("metadata") or {}).get("labels")
    if labels:
        if not obj["spec"].get("selector"):
            obj["spec"]["selector"] = dict(labels)
        if not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = dict(labels)


def resource_amounts(obj: Object) -> None:
    """Amounts are kept to a thousandth: what is finer is rounded up."""
    for key in ("limits", "requests"):
        for name, amount in (obj.get(key) or {}).items():
            nano = quantity.parse(amount)
            if nano.nano % 1_000_000:
                obj[key][name] = str(quantity.Quantity(nano.milli() * 1_000_000, nano.family))


def subject(obj: Object) -> None:
    """Users and groups are RBAC's own; a service account is of the core group."""
    if not obj.get("apiGroup") and obj.get("kind") in ("User", "Group"):
        obj["apiGroup"] = "rbac.authorization.k8s.io"


RULES: Final[dict[str, Callable[[Object], None]]] = {
    "core.v1.Pod": pod,
    "core.v1.Container": container,
    "core.v1.EphemeralContainer": container,
    "core.v1.Volume": volume,
    "core.v1.Service": service,
    "core.v1.ServicePort": service_port,
    "core.v1.Secret": secret,
    "core.v1.Namespace": namespace,
    "core.v1.NodeStatus": node_status,
    "core.v1.LimitRangeItem": limit_range_item,
    "core.v1.ReplicationController": replication_controller,
    "core.v1.ResourceRequirements": resource_amounts,
    "rbac.v1.Subject": subject,
}
