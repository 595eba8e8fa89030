"""The records of one Service and its EndpointSlices: a pure function of the objects.

    SERVICE.NAMESPACE.svc.ZONE               A, AAAA     the cluster's addresses; of a headless one, all ready endpoints
    _PORT._PROTOCOL.SERVICE.NAMESPACE.svc.ZONE  SRV      for each port that has a name
    ENDPOINT.SERVICE.NAMESPACE.svc.ZONE      A, AAAA     one endpoint, by its hostname, or its address with dashes
    d.c.b.a.in-addr.arpa                     PTR         back to the service, or the endpoint of a headless one
    SERVICE.NAMESPACE.svc.ZONE               CNAME       of one with an external name, and nothing else

An endpoint counts unless it is said not to be ready; one of a Service with publishNotReadyAddresses is marked ready by
the endpoint slice controller. Source: the Kubernetes DNS specification, version 1.1.0, sections 2.3 to 2.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple

from hythe.kube.objects.types import Object
from hythe.wire import dnsanswers as dns
from hythe.wire.dns import Malformed
from hythe.wire.dnsanswers import Owned

TTL: Final = 5
_WEIGHTS: Final = 100


class _Endpoint(NamedTuple):
    label: str
    address: IPv4Address | IPv6Address
    ports: tuple[tuple[str, str, int], ...]


def records_of(service: Object, slices: Iterable[Object], domain: str) -> list[Owned]:
    """All records that a Service makes in the zone `domain`, the reverse ones included."""
    spec, meta = service.get("spec", {}), service["metadata"]
    name = f"{meta['name']}.{meta['namespace']}.svc.{domain}".lower()
    if spec.get("type") == "ExternalName":
        return _external(name, str(spec.get("externalName", "")))
    endpoints = list(_endpoints(slices))
    addresses = _cluster_addresses(spec)
    if not addresses:
        return [*_headless(name, endpoints), *_individual(name, endpoints, reverse=True)]
    return [*_virtual(name, spec, addresses), *_individual(name, endpoints, reverse=False)]


def reverse_name(address: IPv4Address | IPv6Address) -> str:
    return address.reverse_pointer


def _external(name: str, target: str) -> list[Owned]:
    try:
        return [dns.alias(name, TTL, target.rstrip("."))] if target else []
    except Malformed:
        return []


def _cluster_addresses(spec: Object) -> list[IPv4Address | IPv6Address]:
    """[] for a headless Service, and for one that has no address yet."""
    texts = spec.get("clusterIPs") or [spec.get("clusterIP")]
    return [ip_address(text) for text in texts if text and text != "None"]


def _virtual(name: str, spec: Object, addresses: list[IPv4Address | IPv6Address]) -> Iterator[Owned]:
    for address in addresses:
        yield dns.address(name, TTL, address)
        yield dns.pointer(reverse_name(address), TTL, name)
    for port in spec.get("ports") or ():
        if port.get("name"):
            owner = _port_name(port["name"], port.get("protocol", "TCP"), name)
            yield dns.service(owner, TTL, name, port["port"], weight=_WEIGHTS)


def _headless(name: str, endpoints: list[_Endpoint]) -> Iterator[Owned]:
    for address in dict.fromkeys(endpoint.address for endpoint in endpoints):
        yield dns.address(name, TTL, address)
    targets: dict[str, dict[tuple[str, int], None]] = {}
    for endpoint in endpoints:
        for port, protocol, number in endpoint.ports:
            if port:
                owner = _port_name(port, protocol, name)
                targets.setdefault(owner, {})[f"{endpoint.label}.{name}", number] = None
    for owner, found in targets.items():
        for target, number in found:
            yield dns.service(owner, TTL, target, number, weight=max(1, _WEIGHTS // len(found)))


def _individual(name: str, endpoints: list[_Endpoint], *, reverse: bool) -> Iterator[Owned]:
    for label, address in dict.fromkeys((endpoint.label, endpoint.address) for endpoint in endpoints):
        yield dns.address(f"{label}.{name}", TTL, address)
        if reverse:
            yield dns.pointer(reverse_name(address), TTL, f"{label}.{name}")


def _endpoints(slices: Iterable[Object]) -> Iterator[_Endpoint]:
    for each in slices:
        if each.get("addressType") not in ("IPv4", "IPv6"):
            continue
        ports = tuple(
            (port.get("name") or "", port.get("protocol") or "TCP", port["port"])
            for port in each.get("ports") or ()
            if port.get("port")
        )
        for endpoint in each.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready") is False:
                continue
            for text in endpoint.get("addresses") or ():
                address = ip_address(text)
                label = endpoint.get("hostname") or dashed(address)
                yield _Endpoint(label.lower(), address, ports)


def dashed(address: IPv4Address | IPv6Address) -> str:
    """The label of an endpoint without a hostname: "10-0-0-7"."""
    return str(address).replace(".", "-").replace(":", "-")


def _port_name(port: str, protocol: str, name: str) -> str:
    return f"_{port}._{protocol}.{name}".lower()
