"""LoadBalancer Services: the addresses of all ready nodes, on the Service's own ports.

The service proxy of each node translates them. One port of the nodes belongs to one Service, the oldest that wants it;
the others stay pending and say why in an event, as do those that want a port of the API server or of a kubelet. A
Service with a loadBalancerClass is another's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from hythe.kube.client.cache import copied, key_of
from hythe.kube.client.recorder import WARNING
from hythe.kube.client.resources import ENDPOINT_SLICES, NODES, SERVICES
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.objects.types import Object

_API: Final = "default/kubernetes"
Port = tuple[str, int]
"""(protocol, number)."""


class LoadBalancerController(Controller):
    name = "service-lb-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._services = self.follow(SERVICES, self._with_rivals)
        self._nodes = self.follow(NODES, lambda _node: self._all())
        self._slices = self.informers.of(ENDPOINT_SLICES)

    async def sync(self, key: str) -> None:
        service = self._services.cache.get(key)
        if service is None or (service.get("spec") or {}).get("loadBalancerClass"):
            return
        addresses: list[str] = []
        if is_balanced(service):
            rival = self._rival(service)
            if rival:
                self.recorder.event(service, WARNING, "SyncLoadBalancerFailed", rival)
            else:
                addresses = sorted(_addresses(self._nodes.cache.all()))
        await self._publish(service, addresses)

    async def _publish(self, service: Object, addresses: list[str]) -> None:
        ingress = [{"ip": address, "ipMode": "VIP"} for address in addresses]
        if _ingress(service) == ingress:
            return
        wanted = copied(service)
        status = wanted.setdefault("status", {})
        status["loadBalancer"] = {"ingress": ingress} if ingress else {}
        await self.client.update_status(SERVICES, wanted)

    def _rival(self, service: Object) -> str:
        """Why a Service cannot have its ports; "" if it can."""
        wanted = set(_ports(service))
        if taken := wanted & self._reserved():
            return f"port {_words(taken)} of the nodes is the cluster's own"
        for other in self._services.cache.all():
            older = other is not service and is_balanced(other) and _age(other) < _age(service)
            if older and (taken := wanted & set(_ports(other))):
                return f"port {_words(taken)} of the nodes belongs to service {key_of(other)}"
        return ""

    def _reserved(self) -> set[Port]:
        api = self._slices.cache.get(_API) or {}
        found = {("TCP", port["port"]) for port in api.get("ports") or () if port.get("port")}
        for node in self._nodes.cache.all():
            endpoints = (node.get("status") or {}).get("daemonEndpoints") or {}
            port = (endpoints.get("kubeletEndpoint") or {}).get("Port")
            if port:
                found.add(("TCP", port))
        return found

    def _with_rivals(self, service: Object) -> Iterator[str]:
        """The Service and all that may have waited for one of its ports."""
        yield key_of(service)
        ports = set(_ports(service))
        for other in self._services.cache.all():
            if is_balanced(other) and ports & set(_ports(other)):
                yield key_of(other)

    def _all(self) -> list[str]:
        return [key_of(service) for service in self._services.cache.all() if is_balanced(service)]


def is_balanced(service: Object) -> bool:
    return bool((service.get("spec") or {}).get("type") == "LoadBalancer")


def _ports(service: Object) -> Iterator[Port]:
    for port in (service.get("spec") or {}).get("ports") or ():
        yield port.get("protocol", "TCP"), port["port"]


def _ingress(service: Object) -> list[Object]:
    balancer = (service.get("status") or {}).get("loadBalancer") or {}
    return list(balancer.get("ingress") or [])


def _addresses(nodes: Iterable[Object]) -> Iterator[str]:
    for node in nodes:
        status = node.get("status") or {}
        conditions = status.get("conditions") or ()
        if any(each["type"] == "Ready" and each["status"] == "True" for each in conditions):
            for address in status.get("addresses") or ():
                if address["type"] == "InternalIP":
                    yield address["address"]


def _age(service: Object) -> tuple[str, str]:
    """Orders Services, the oldest first."""
    meta = service["metadata"]
    return meta.get("creationTimestamp", ""), str(meta.get("uid", ""))


def _words(ports: Iterable[Port]) -> str:
    return ", ".join(f"{number}/{protocol}" for protocol, number in sorted(ports))
