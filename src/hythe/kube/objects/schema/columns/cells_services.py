"""Cells of what leads to pods: services, endpoints, ingresses, network policies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from hythe.kube.objects.schema.columns import humans
from hythe.kube.objects.types import Object


def cluster_ip(obj: Object, now: datetime) -> str:
    spec = obj["spec"]
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP") or humans.NONE]
    return str(addresses[0])


def external_ip(obj: Object, now: datetime) -> str:
    spec = obj["spec"]
    kind, own = spec.get("type"), spec.get("externalIPs", [])
    if kind == "ExternalName":
        return str(spec.get("externalName", ""))
    if kind == "LoadBalancer":
        return ",".join([*_addresses(obj), *own]) or "<pending>"
    return ",".join(own) or humans.NONE


def _addresses(obj: Object) -> list[str]:
    ingress = obj.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    return [one.get("ip") or one["hostname"] for one in ingress if one.get("ip") or one.get("hostname")]


def load_balancer(obj: Object, now: datetime) -> str:
    return ",".join(_addresses(obj))


def service_ports(obj: Object, now: datetime) -> str:
    shown = []
    for one in obj["spec"].get("ports", ()):
        node = f":{one['nodePort']}" if one.get("nodePort") else ""
        shown.append(f"{one['port']}{node}/{one.get('protocol', 'TCP')}")
    return ",".join(shown) or humans.NONE


def endpoints(obj: Object, now: datetime) -> str:
    found: list[str] = []
    for subset in obj.get("subsets", ()):
        addresses = [one["ip"] for one in subset.get("addresses", ())]
        ports = subset.get("ports", ())
        found += [_joined(ip, port["port"]) for port in ports for ip in addresses] if ports else addresses
    return humans.some(found) or humans.NONE


def _joined(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def slice_ports(obj: Object, now: datetime) -> str:
    found = [str(one.get("port") or one.get("name") or "*") for one in obj.get("ports") or ()]
    return humans.some(found) or "<unset>"


def slice_endpoints(obj: Object, now: datetime) -> str:
    found = [address for one in obj.get("endpoints") or () for address in one.get("addresses", ())]
    return humans.some(found) or "<unset>"


def ingress_class(obj: Object, now: datetime) -> str:
    old = obj["metadata"].get("annotations", {}).get("kubernetes.io/ingress.class")
    return str(obj["spec"].get("ingressClassName") or old or humans.NONE)


def ingress_hosts(obj: Object, now: datetime) -> str:
    hosts = [one["host"] for one in obj["spec"].get("rules", ()) if one.get("host")]
    return humans.some(hosts) or "*"


def ingress_ports(obj: Object, now: datetime) -> str:
    return "80, 443" if obj["spec"].get("tls") else "80"


def ingress_parameters(obj: Object, now: datetime) -> str:
    found = obj["spec"].get("parameters")
    if not found:
        return humans.NONE
    group = f".{found['apiGroup']}" if found.get("apiGroup") else ""
    return f"{found['kind']}{group}/{found['name']}"


def pod_selector(obj: Object, now: datetime) -> str:
    return humans.selector(obj["spec"].get("podSelector"))


CELLS: Final[dict[str, Callable[[Object, datetime], Any]]] = {
    one.__name__: one
    for one in (
        cluster_ip, external_ip, load_balancer, service_ports, endpoints, slice_ports, slice_endpoints,
        ingress_class, ingress_hosts, ingress_ports, ingress_parameters, pod_selector,
    )
}  # fmt: skip
