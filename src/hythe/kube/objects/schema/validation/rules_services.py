"""Services and endpoints.

Source: Kubernetes 1.32, pkg/apis/core/validation, pkg/apis/discovery/validation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final

from hythe.kube.objects import names
from hythe.kube.objects.problems import Verbatim, strings
from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.metadata import check_labels
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.types import Object

_MAX_ADDRESSES: Final = 1000
_MAX_PORTS: Final = 20_000


def service_spec(obj: Object, path: str, report: Report) -> None:
    kind = obj.get("type", "ClusterIP")
    headless = obj.get("clusterIP") == "None"
    if not obj.get("ports") and not headless and kind != "ExternalName":
        report.required(f"{path}.ports")
    _by_type(obj, path, kind, headless, report)
    _ports(obj.get("ports", []), f"{path}.ports", kind, report)
    check_labels(obj.get("selector"), f"{path}.selector", report)
    _addresses(obj, path, kind, report)
    _traffic(obj, path, kind, report)


def _by_type(obj: Object, path: str, kind: str, headless: bool, report: Report) -> None:
    if kind == "LoadBalancer" and headless:
        report.invalid(f"{path}.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services")
    if kind == "NodePort" and headless:
        report.invalid(f"{path}.clusterIPs[0]", "None", "may not be set to 'None' for NodePort services")
    if kind == "ExternalName":
        held = [key for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy") if obj.get(key)]
        if obj.get("clusterIP") and "clusterIPs" not in held:
            held.insert(0, "clusterIPs")
        for key in held:
            report.forbidden(f"{path}.{key}", "may not be set for ExternalName services")
        name = str(obj.get("externalName", ""))
        if not name:
            report.required(f"{path}.externalName")
        else:
            report.problems(f"{path}.externalName", name, names.dns_subdomain(name.removesuffix(".")))


def _ports(ports: list[Object], path: str, kind: str, report: Report) -> None:
    seen_names: set[str] = set()
    pairs: set[tuple[str, int]] = set()
    nodes: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        where, name = f"{path}[{index}]", port.get("name", "")
        if not name:
            if len(ports) > 1:
                report.required(f"{where}.name")
        else:
            report.problems(f"{where}.name", name, names.dns_label(name))
            if name in seen_names:
                report.duplicate(f"{where}.name", name)
        seen_names.add(name)
        protocol = port.get("protocol", "TCP")
        pair = (protocol, port.get("port", 0))
        if pair in pairs:
            report.duplicate(where, _port_key(*pair))
        pairs.add(pair)
        node = port.get("nodePort", 0)
        if node and kind == "ClusterIP":
            report.forbidden(f"{where}.nodePort", "may not be used when `type` is 'ClusterIP'")
        if node and (protocol, node) in nodes:
            report.duplicate(f"{where}.nodePort", node)
        nodes.add((protocol, node))


def _port_key(protocol: str, port: int) -> Verbatim:
    """A port by what must be its own, as Go prints it."""
    return Verbatim(
        f'core.ServicePort{{Name:"", Protocol:"{protocol}", AppProtocol:(*string)(nil), Port:{port}, '
        'TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:""}, NodePort:0}'
    )


def _addresses(obj: Object, path: str, kind: str, report: Report) -> None:
    found = obj.get("clusterIPs") or ([obj["clusterIP"]] if obj.get("clusterIP") else [])
    if kind == "ExternalName":
        return
    if obj.get("clusterIP") and obj.get("clusterIPs") and obj["clusterIPs"][0] != obj["clusterIP"]:
        report.invalid(f"{path}.clusterIPs", strings(found), "first value must match `clusterIP`")
    if len(found) > 2:
        report.invalid(f"{path}.clusterIPs", strings(found), "may only hold up to 2 values")
    for index, one in enumerate(found):
        if one == "None":
            if index:
                report.invalid(f"{path}.clusterIPs[{index}]", one, "'None' must be the first and only value")
        else:
            report.problems(f"{path}.clusterIPs[{index}]", one, formats.ip(one))
    for index, one in enumerate(obj.get("externalIPs", ())):
        if not formats.ip(one):
            check_not_special(one, f"{path}.externalIPs[{index}]", report)


def check_not_special(address: str, path: str, report: Report) -> None:
    """Addresses that stand for this machine, its link or a group are nobody's endpoint."""
    found = ipaddress.ip_address(address)
    for is_so, words in (
        (found.is_unspecified, f"may not be unspecified ({address})"),
        (found.is_loopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (found.is_link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (found.is_multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    ):
        if is_so:
            report.invalid(path, address, words)


def _traffic(obj: Object, path: str, kind: str, report: Report) -> None:
    if (
        obj.get("externalTrafficPolicy")
        and kind not in ("NodePort", "LoadBalancer")
        and not obj.get("externalIPs")
    ):
        report.invalid(
            f"{path}.externalTrafficPolicy",
            obj["externalTrafficPolicy"],
            "may only be set for externally-accessible services",
        )
    if obj.get("healthCheckNodePort") and (
        kind != "LoadBalancer" or obj.get("externalTrafficPolicy") != "Local"
    ):
        report.invalid(
            f"{path}.healthCheckNodePort",
            obj["healthCheckNodePort"],
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        )
    if obj.get("loadBalancerSourceRanges") and kind != "LoadBalancer":
        report.forbidden(f"{path}.LoadBalancerSourceRanges", "may only be used when `type` is 'LoadBalancer'")
    if obj.get("allocateLoadBalancerNodePorts") is not None and kind != "LoadBalancer":
        report.forbidden(
            f"{path}.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'"
        )
    if obj.get("loadBalancerClass") is not None and kind != "LoadBalancer":
        report.forbidden(f"{path}.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'")


def endpoint_subset(obj: Object, path: str, report: Report) -> None:
    if not obj.get("addresses") and not obj.get("notReadyAddresses"):
        report.required(path, "must specify `addresses` or `notReadyAddresses`")
    for key in ("addresses", "notReadyAddresses"):
        for index, one in enumerate(obj.get(key, ())):
            address = one.get("ip", "")
            if not address:
                report.invalid(f"{path}.{key}[{index}].ip", "", formats.BAD_IP)
            elif not formats.ip(address):
                check_not_special(address, f"{path}.{key}[{index}].ip", report)
    ports = obj.get("ports", ())
    for index, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            report.required(f"{path}.ports[{index}].name")
        if not port.get("port"):
            report.invalid(f"{path}.ports[{index}].port", port.get("port", 0), formats.between(1, 65535))


def endpoint_slice(obj: Object, path: str, report: Report) -> None:
    endpoints, ports, kind = obj.get("endpoints") or [], obj.get("ports") or [], obj.get("addressType", "")
    if len(endpoints) > _MAX_ADDRESSES:
        report.too_many("endpoints", len(endpoints), _MAX_ADDRESSES)
    if len(ports) > _MAX_PORTS:
        report.too_many("ports", len(ports), _MAX_PORTS)
    for index, endpoint in enumerate(endpoints):
        for at, address in enumerate(endpoint.get("addresses", ())):
            _slice_address(address, kind, f"endpoints[{index}].addresses[{at}]", report)
    seen: set[str] = set()
    for index, port in enumerate(ports):
        name = port.get("name") or ""
        if name:
            report.problems(f"ports[{index}].name", name, names.dns_label(name))
        if name in seen:
            report.duplicate(f"ports[{index}].name", name)
        seen.add(name)


def _slice_address(address: str, kind: str, path: str, report: Report) -> None:
    if kind == "FQDN":
        report.problems(path, address, names.dns_subdomain(address))
        return
    problems = formats.ip(address)
    if not problems and kind in ("IPv4", "IPv6") and ipaddress.ip_address(address).version != int(kind[-1]):
        problems = [f"must be an {kind} address"]
    report.problems(path, address, problems)
    if not problems:
        check_not_special(address, path, report)


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "core.v1.ServiceSpec": service_spec,
    "core.v1.EndpointSubset": endpoint_subset,
    "discovery.v1.EndpointSlice": endpoint_slice,
}
