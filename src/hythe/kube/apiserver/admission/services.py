"""Cluster addresses and node ports of services: given, kept over updates, and taken back.

What a service is given depends on its type:

    ExternalName   nothing
    ClusterIP      an address; headless (`clusterIP: None`) none
    NodePort       an address, and a port of the node for each of its ports
    LoadBalancer   the same; a health check port where externalTrafficPolicy is Local

One family of addresses is served, that of the configured range. Source: Kubernetes, pkg/registry/core/service.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
from ipaddress import ip_address
from typing import Any, Final, NamedTuple

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.apiserver.allocation import Allocator, Full, OutOfRange, Taken
from hythe.kube.apiserver.definitions import Definition
from hythe.kube.objects.status import ApiError, Cause, internal_error, invalid
from hythe.kube.objects.types import Object

NONE: Final = "None"


class Held(NamedTuple):
    """What a service has of the ranges."""

    addresses: frozenset[int]
    ports: frozenset[int]


def held(service: Object | None) -> Held:
    """What stands in the object."""
    spec = (service or {}).get("spec") or {}
    texts = [each for each in spec.get("clusterIPs") or [spec.get("clusterIP")] if each and each != NONE]
    ports = {port["nodePort"] for port in spec.get("ports") or [] if port.get("nodePort")}
    if spec.get("healthCheckNodePort"):
        ports.add(spec["healthCheckNodePort"])
    return Held(frozenset(int(ip_address(text)) for text in texts if _is_address(text)), frozenset(ports))


class Services(Plugin):
    """`cidr` is the range of addresses as text, for messages."""

    def __init__(self, addresses: Allocator, ports: Allocator, cidr: str) -> None:
        self._addresses, self._ports, self._cidr = addresses, ports, cidr

    async def admit(self, review: Review) -> None:
        if review.resource != "services" or review.operation == "DELETE":
            return
        if review.old is not None:
            carry_over(review.obj, review.old)
        _families(review.obj, "IPv6" if ":" in self._cidr else "IPv4")
        await self._take_address(review)
        await self._take_ports(review)

    async def _take_address(self, review: Review) -> None:
        spec = review.obj["spec"]
        if not _wants_address(spec):
            return
        text = spec.get("clusterIP") or (spec.get("clusterIPs") or [""])[0]
        had = held(review.old).addresses
        if text and _is_address(text) and int(ip_address(text)) not in had:
            await self._take_chosen(review, text)
        elif not text:
            value = await _any(self._addresses, review, "serviceIP")
            text = str(ip_address(value))
        spec["clusterIP"] = text
        spec.setdefault("clusterIPs", [text])
        if spec["clusterIPs"] == [""] or not spec["clusterIPs"]:
            spec["clusterIPs"] = [text]

    async def _take_chosen(self, review: Review, text: str) -> None:
        try:
            await _take(self._addresses, review, int(ip_address(text)))
        except Taken as error:
            raise _bad_address(review, text, "provided IP is already allocated") from error
        except OutOfRange as error:
            why = (
                f"the provided IP ({text}) is not in the valid range. The range of valid IPs is {self._cidr}"
            )
            raise _bad_address(review, text, why) from error

    async def _take_ports(self, review: Review) -> None:
        spec = review.obj["spec"]
        had, mine = held(review.old).ports, set[int]()
        for index, port in enumerate(spec.get("ports") or []):
            if port.get("nodePort"):
                if port["nodePort"] not in had | mine:
                    await self._take_port(review, port["nodePort"], f"spec.ports[{index}].nodePort")
                mine.add(port["nodePort"])
        for port in _without_node_port(spec):
            port["nodePort"] = await _any(self._ports, review, "nodePort")
        if _wants_health_port(spec) and not spec.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = await _any(self._ports, review, "HealthCheck NodePort")

    async def _take_port(self, review: Review, port: int, field: str) -> None:
        first, last = self._ports.range.first, self._ports.range.last
        try:
            await _take(self._ports, review, port)
        except Taken as error:
            raise _bad(review, f"Invalid value: {port}: provided port is already allocated", field) from error
        except OutOfRange as error:
            why = f"provided port is not in the valid range. The range of valid ports is {first}-{last}"
            raise _bad(review, f"Invalid value: {port}: {why}", field) from error

    async def stored(self, definition: Definition, old: Object | None, new: Object | None) -> None:
        if definition.qualified != "services":
            return
        before, after = held(old), held(new)
        for address in before.addresses - after.addresses:
            await self._addresses.give_back(address)
        for port in before.ports - after.ports:
            await self._ports.give_back(port)


def carry_over(new: Object, old: Object) -> None:
    """Keep what was given, where the client leaves it out; drop what the new type has no use for."""
    spec, before = new["spec"], old["spec"]
    if _wants_address(spec) and _wants_address(before):
        if not spec.get("clusterIP") and not spec.get("clusterIPs"):
            spec["clusterIP"] = before.get("clusterIP", "")
        if not spec.get("clusterIPs") and spec.get("clusterIP") == before.get("clusterIP"):
            spec["clusterIPs"] = list(before.get("clusterIPs") or [])
    elif not _wants_address(spec):
        for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(key) == before.get(key):
                spec.pop(key, None)
    known = {_port_key(port): port.get("nodePort") for port in before.get("ports") or []}
    for port in spec.get("ports") or []:
        given = known.get(_port_key(port))
        if _wants_ports(spec) and given and not port.get("nodePort"):
            port["nodePort"] = given
        elif not _wants_ports(spec) and port.get("nodePort") == given:
            port.pop("nodePort", None)
    given = before.get("healthCheckNodePort")
    if _wants_health_port(spec) and given:
        spec.setdefault("healthCheckNodePort", given)
    elif spec.get("healthCheckNodePort") == given:
        spec.pop("healthCheckNodePort", None)


def _families(service: Object, family: str) -> None:
    """ipFamilies and ipFamilyPolicy, of which this cluster has one."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return
    bare = spec.get("clusterIP") == NONE and not spec.get("selector")
    if bare:
        spec.setdefault("clusterIPs", [NONE])
    spec.setdefault("ipFamilyPolicy", "RequireDualStack" if bare else "SingleStack")
    both = [family, "IPv6" if family == "IPv4" else "IPv4"]
    spec.setdefault("ipFamilies", both if bare and spec["ipFamilyPolicy"] == "RequireDualStack" else [family])


async def _take(allocator: Allocator, review: Review, value: int) -> None:
    if review.dry_run:
        if value in await allocator.taken():
            raise Taken(str(value))
        if value not in allocator.range:
            raise OutOfRange(str(value))
        return
    await allocator.take(value, _owner(review))
    _on_failure(review.undo, allocator, value)


async def _any(allocator: Allocator, review: Review, what: str) -> int:
    try:
        value = await allocator.take_any(_owner(review))
    except Full as error:
        raise internal_error(f"failed to allocate a {what}: range is full") from error
    _on_failure(review.undo, allocator, value)
    return value


def _on_failure(undo: AsyncExitStack, allocator: Allocator, value: int) -> None:
    undo.push_async_callback(allocator.give_back, value)


def _owner(review: Review) -> str:
    return f"{review.namespace}/{review.name}"


def _wants_address(spec: Object) -> bool:
    return bool(spec.get("type", "ClusterIP") != "ExternalName")


def _wants_ports(spec: Object) -> bool:
    kind = spec.get("type")
    return kind == "NodePort" or (
        kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    )


def _wants_health_port(spec: Object) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _without_node_port(spec: Object) -> Iterator[Object]:
    return (port for port in spec.get("ports") or [] if _wants_ports(spec) and not port.get("nodePort"))


def _port_key(port: Object) -> tuple[Any, str]:
    return port.get("port"), port.get("protocol", "TCP")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _bad_address(review: Review, text: str, why: str) -> ApiError:
    message = f'Invalid value: ["{text}"]: failed to allocate IP {text}: {why}'
    return _bad(review, message, "spec.clusterIPs")


def _bad(review: Review, message: str, field: str) -> ApiError:
    return invalid("Service", review.name, [Cause("FieldValueInvalid", message, field)])
