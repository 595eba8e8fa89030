"""Ingresses and network policies.

Source: Kubernetes 1.32, pkg/apis/networking/validation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final

from hythe.kube.objects.problems import strings
from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.types import Object


def ingress_spec(obj: Object, path: str, report: Report) -> None:
    if not obj.get("rules") and obj.get("defaultBackend") is None:
        report.invalid(path, obj.get("rules") or [], "either `defaultBackend` or `rules` must be specified")
    if obj.get("defaultBackend") is not None:
        _backend(obj["defaultBackend"], f"{path}.defaultBackend", report)
    for index, rule in enumerate(obj.get("rules", ())):
        _host(rule.get("host", ""), f"{path}.rules[{index}].host", report)
        where = f"{path}.rules[{index}].http"
        http = rule.get("http")
        if http is not None and not http.get("paths"):
            report.required(f"{where}.paths")
        for at, one in enumerate((http or {}).get("paths", ())):
            _ingress_path(one, f"{where}.paths[{at}]", report)


def _host(host: str, path: str, report: Report) -> None:
    if not host:
        return
    if not formats.ip(host):
        report.invalid(path, host, "must be a DNS name, not an IP address")
    else:
        report.problems(path, host, formats.host(host))


def _ingress_path(obj: Object, path: str, report: Report) -> None:
    kind, value = obj.get("pathType"), obj.get("path", "")
    if kind in ("Exact", "Prefix"):
        if not value.startswith("/"):
            report.invalid(f"{path}.path", value, "must be an absolute path")
        for bad in ("//", "/./", "/../", "%2f", "%2F"):
            if bad in value:
                report.invalid(f"{path}.path", value, f"must not contain '{bad}'")
        for bad in ("/..", "/."):
            if value.endswith(bad):
                report.invalid(f"{path}.path", value, f"cannot end with '{bad}'")
    elif value and not value.startswith("/"):
        report.invalid(f"{path}.path", value, "must be an absolute path")
    _backend(obj.get("backend") or {}, f"{path}.backend", report)


def _backend(obj: Object, path: str, report: Report) -> None:
    service, resource = obj.get("service"), obj.get("resource")
    if service is not None and resource is not None:
        report.invalid(path, "", "cannot set both resource and service backends")
    elif service is None and resource is None:
        report.required(path, "resource or service backend is required")
    elif service is not None:
        port = service.get("port") or {}
        if port.get("name") and port.get("number"):
            report.invalid(path, "", "cannot set both port name & port number")
        elif not port.get("name") and not port.get("number"):
            report.required(path, "port name or number is required")


def network_policy_spec(obj: Object, path: str, report: Report) -> None:
    kinds = obj.get("policyTypes", [])
    if len(kinds) > 2:
        report.invalid(f"{path}.policyTypes", strings(kinds), "may not specify more than two policyTypes")
    for index, kind in enumerate(kinds):
        if kind not in ("Ingress", "Egress"):
            report.not_supported(f"{path}.policyTypes[{index}]", kind, ["Ingress", "Egress"])
    for key, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(obj.get(key, ())):
            for at, peer in enumerate(rule.get(peers, ())):
                _peer(peer, f"{path}.{key}[{index}].{peers}[{at}]", report)


def _peer(obj: Object, path: str, report: Report) -> None:
    block, selectors = obj.get("ipBlock"), [obj.get("podSelector"), obj.get("namespaceSelector")]
    if block is None and selectors == [None, None]:
        report.required(path, "must specify a peer")
    if block is not None and selectors != [None, None]:
        report.forbidden(path, "may not specify both ipBlock and another peer")
    if block is not None and not formats.cidr(block.get("cidr", "")):
        _except(block, f"{path}.ipBlock", report)


def _except(block: Object, path: str, report: Report) -> None:
    whole = ipaddress.ip_network(block["cidr"], strict=False)
    for index, one in enumerate(block.get("except", ())):
        where, problems = f"{path}.except[{index}]", formats.cidr(one)
        if not problems:
            part = ipaddress.ip_network(one, strict=False)
            inside = part.version == whole.version and part.prefixlen > whole.prefixlen and part[0] in whole
            problems = [] if inside else ["must be a strict subset of `cidr`"]
        report.problems(where, one, problems)


def network_policy_port(obj: Object, path: str, report: Report) -> None:
    """A range of ports has numbers at both ends."""
    last, first, where = obj.get("endPort"), obj.get("port"), f"{path}.endPort"
    if last is None:
        return
    if first is None:
        report.invalid(where, last, "may not be specified when `port` is not specified")
    elif isinstance(first, str):
        report.invalid(where, last, "may not be specified when `port` is non-numeric")
    else:
        if last < first:
            report.invalid(where, last, "must be greater than or equal to `port`")
        report.problems(where, last, formats.port(last))


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "networking.v1.IngressSpec": ingress_spec,
    "networking.v1.NetworkPolicyPort": network_policy_port,
    "networking.v1.NetworkPolicySpec": network_policy_spec,
}
