"""What a Service and its EndpointSlices mean for packets: a pure function from the objects to `ServicePort`s.

Each port of a Service is one `ServicePort`: the addresses that lead to it and the endpoints it leads to. Of endpoints
the ready ones count; while there is none, those that are ending but still serve (KEP-1669), so that the last pod of a
rolling update is not cut off. IPv4 and TCP, UDP, SCTP are understood; addresses of another family are left out.

Source: Kubernetes' documentation "Virtual IPs and Service Proxies"; API fields of core/v1 Service and
discovery.k8s.io/v1 EndpointSlice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from hythe.kube.objects.types import Object

PROTOCOLS: Final = ("tcp", "udp", "sctp")
_IGNORED: Final = "service.kubernetes.io/service-proxy-name"
"""A label: another proxy takes care of the Service."""


@dataclass(frozen=True, order=True)
class Endpoint:
    """Where a connection may go; `local` if the pod is on this node."""

    address: str
    port: int
    local: bool = False


@dataclass(frozen=True)
class ServicePort:
    """One port of one Service. `affinity` is in seconds, 0 without.

    `cluster` are addresses inside the cluster, `external` those that are reached from outside (externalIPs, load
    balancer). `internal_local`, `external_local`: only endpoints on this node may be used from inside, from outside.
    `sources`: if given, only these networks may use the load balancer's address.
    """

    namespace: str
    name: str
    protocol: str
    port: int
    cluster: tuple[str, ...]
    external: tuple[str, ...] = ()
    balanced: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    node_port: int = 0
    endpoints: tuple[Endpoint, ...] = ()
    local_endpoints: tuple[Endpoint, ...] = ()
    affinity: int = 0
    internal_local: bool = False
    external_local: bool = False

    @property
    def id(self) -> str:
        """Unique in the cluster; part of chains' names."""
        return f"{self.namespace}/{self.name}/{self.protocol}/{self.port}"


def ports_of(service: Object, slices: Iterable[Object], node: str) -> list[ServicePort]:
    """The ports of a Service as seen from the node of that name; [] for one that has nothing to be proxied."""
    spec, meta = service.get("spec", {}), service["metadata"]
    if _not_ours(service):
        return []
    held = list(slices)
    cluster = _ipv4([*(spec.get("clusterIPs") or []), spec.get("clusterIP")])
    external = _ipv4(spec.get("externalIPs") or [])
    balanced, sources = _balanced(service)
    found: list[ServicePort] = []
    for port in spec.get("ports") or []:
        protocol = port.get("protocol", "TCP").lower()
        if protocol not in PROTOCOLS:
            continue
        every = list(_endpoints(held, port.get("name") or "", protocol, node))
        found.append(
            ServicePort(
                namespace=meta["namespace"],
                name=meta["name"],
                protocol=protocol,
                port=port["port"],
                cluster=cluster,
                external=external,
                balanced=balanced,
                sources=sources,
                node_port=port.get("nodePort", 0),
                endpoints=_usable(every),
                local_endpoints=_usable([each for each in every if each.endpoint.local]),
                affinity=_affinity(spec),
                internal_local=spec.get("internalTrafficPolicy") == "Local",
                external_local=spec.get("externalTrafficPolicy") == "Local",
            )
        )
    return found


def _not_ours(service: Object) -> bool:
    spec = service.get("spec", {})
    without_address = spec.get("clusterIP") in (None, "", "None")
    return (
        spec.get("type") == "ExternalName"
        or without_address
        or _IGNORED in (service["metadata"].get("labels") or {})
    )


def _balanced(service: Object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(addresses of the load balancer that are ours to translate, networks that may use them)."""
    spec = service.get("spec", {})
    if spec.get("type") != "LoadBalancer":
        return (), ()
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    addresses = _ipv4(each.get("ip") for each in ingress if each.get("ipMode", "VIP") == "VIP")
    return addresses, tuple(
        text.strip() for text in spec.get("loadBalancerSourceRanges") or [] if ":" not in text
    )


def _affinity(spec: Object) -> int:
    if spec.get("sessionAffinity") != "ClientIP":
        return 0
    settings = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    return int(settings.get("timeoutSeconds", 10800))


def _ipv4(texts: Iterable[str | None]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in texts:
        try:
            found[str(IPv4Address(text or ""))] = None
        except ValueError:
            continue
    return tuple(found)


@dataclass(frozen=True)
class _Candidate:
    endpoint: Endpoint
    ready: bool
    serving_while_ending: bool


def _endpoints(slices: Iterable[Object], port: str, protocol: str, node: str) -> Iterator[_Candidate]:
    for each in slices:
        if each.get("addressType") != "IPv4":
            continue
        numbers = [
            found["port"]
            for found in each.get("ports") or []
            if (found.get("name") or "") == port
            and (found.get("protocol") or "TCP").lower() == protocol
            and found.get("port")
        ]
        for endpoint in each.get("endpoints") or []:
            conditions = endpoint.get("conditions") or {}
            ready = conditions.get("ready") is not False
            ending = bool(conditions.get("terminating"))
            serving = conditions.get("serving", ready) is not False
            local = endpoint.get("nodeName") == node
            for number in numbers:
                for address in endpoint.get("addresses") or []:
                    yield _Candidate(
                        Endpoint(address, number, local), ready and not ending, serving and ending
                    )


def _usable(candidates: Iterable[_Candidate]) -> tuple[Endpoint, ...]:
    held = list(candidates)
    ready = {each.endpoint for each in held if each.ready}
    return tuple(sorted(ready or {each.endpoint for each in held if each.serving_while_ending}))
