"""Which pods stand behind a Service, at which ports, and in which state. Pure.

A pod with an address that has not ended is an endpoint: ready, or not, or terminating, in which case it may still be
`serving`. A port of the Service leads to a number, or to the name of a container's port, which may be another number
in each pod; a pod that has no such name is left out of that port.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hythe.kube.controllers.pods import is_finished, is_ready, is_terminating
from hythe.kube.objects.types import Object


class Port(NamedTuple):
    """`number` is the pod's."""

    name: str
    protocol: str
    number: int
    app_protocol: str = ""

    def as_object(self) -> Object:
        made: Object = {"name": self.name, "port": self.number, "protocol": self.protocol}
        return made | ({"appProtocol": self.app_protocol} if self.app_protocol else {})


class Backend(NamedTuple):
    """A pod at one of its addresses."""

    address: str
    family: str
    """IPv4 or IPv6, as a slice's addressType."""
    pod: Object
    ports: tuple[Port, ...]
    ready: bool
    serving: bool
    terminating: bool


def is_headless(service: Object) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")


def families(service: Object) -> list[str]:
    """Of the Service's addresses."""
    return list(service["spec"].get("ipFamilies") or ["IPv4"])


def backends(service: Object, pods: Iterable[Object]) -> list[Backend]:
    """In the order of names."""
    found = []
    for pod in sorted(pods, key=lambda each: str(each["metadata"]["name"])):
        if is_finished(pod):
            continue
        for family in families(service):
            address = _address(pod, family)
            if address:
                found.append(_backend(service, pod, address, family))
    return found


def hostname(service: Object, pod: Object) -> str:
    """The name that the pod has below the Service's, if it asks for one."""
    spec = pod["spec"]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        return str(spec["hostname"])
    return ""


def target_of(pod: Object) -> Object:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def _backend(service: Object, pod: Object, address: str, family: str) -> Backend:
    serving, terminating = is_ready(pod), is_terminating(pod)
    ready = serving and not terminating
    if service["spec"].get("publishNotReadyAddresses"):
        ready = True
    return Backend(address, family, pod, _ports(service, pod), ready, serving, terminating)


def _address(pod: Object, family: str) -> str:
    status = pod.get("status") or {}
    addresses = [str(each.get("ip", "")) for each in status.get("podIPs") or ()] or [
        str(status.get("podIP", ""))
    ]
    return next((each for each in addresses if each and (":" in each) == (family == "IPv6")), "")


def _ports(service: Object, pod: Object) -> tuple[Port, ...]:
    found = []
    for port in service["spec"].get("ports") or ():
        protocol = port.get("protocol", "TCP")
        number = _number(port.get("targetPort") or port["port"], protocol, pod)
        if number:
            found.append(Port(port.get("name", ""), protocol, number, port.get("appProtocol", "")))
    return tuple(found)


def _number(wanted: int | str, protocol: str, pod: Object) -> int:
    """0: the pod has no port of that name."""
    if isinstance(wanted, int):
        return wanted
    sidecars = [
        each for each in pod["spec"].get("initContainers") or () if each.get("restartPolicy") == "Always"
    ]
    for container in [*(pod["spec"].get("containers") or ()), *sidecars]:
        for port in container.get("ports") or ():
            if port.get("name") == wanted and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return int(wanted) if wanted.isdigit() else 0
