"""From a Service's backends to the older Endpoints object. Pure.

Pods are put together by the same set of ports. Terminating pods are not in it; those that are not ready stand apart,
unless the Service publishes them. More than 1,000 addresses are cut off, and the object says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hythe.kube.controllers.endpoints.backends import (
    Backend,
    Port,
    families,
    hostname,
    is_headless,
    target_of,
)
from hythe.kube.controllers.endpoints.slices import labels_of
from hythe.kube.objects.types import Object

_MOST: Final = 1000
_MANAGED_BY: Final = "endpoints.kubernetes.io/managed-by"
_MANAGER: Final = "endpoint-controller"
_TRUNCATED: Final = "endpoints.kubernetes.io/over-capacity"


def endpoints(service: Object, backends: Iterable[Backend], known: Object | None) -> Object:
    """The whole object; `known` is what is there."""
    usable = [each for each in backends if each.family == families(service)[0]]
    publishes = service["spec"].get("publishNotReadyAddresses")
    usable = [each for each in usable if publishes or not each.terminating]
    ready = sorted((each for each in usable if each.ready), key=_order)
    waiting = sorted((each for each in usable if not each.ready), key=_order)
    total = len(ready) + len(waiting)
    meta: Object = dict((known or {}).get("metadata") or {})
    meta |= {"name": service["metadata"]["name"], "namespace": service["metadata"]["namespace"]}
    meta["labels"] = labels_of(service) | {_MANAGED_BY: _MANAGER}
    notes = {name: value for name, value in (meta.get("annotations") or {}).items() if name != _TRUNCATED}
    if total > _MOST:
        notes[_TRUNCATED] = "truncated"
    meta["annotations"] = notes
    if not notes:
        del meta["annotations"]
    ready, waiting = ready[:_MOST], waiting[: max(0, _MOST - len(ready))]
    subsets = _subsets(service, ready, waiting)
    made: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta}
    return made | ({"subsets": subsets} if subsets else {})


def is_ours(body: Object) -> bool:
    """Was an Endpoints object made here? Others', of no Service, are left alone."""
    return (body["metadata"].get("labels") or {}).get(_MANAGED_BY) == _MANAGER


def _subsets(service: Object, ready: list[Backend], waiting: list[Backend]) -> list[Object]:
    by_ports: dict[tuple[Port, ...], Object] = {}
    for field, backends in (("addresses", ready), ("notReadyAddresses", waiting)):
        for each in backends:
            if not each.ports and not is_headless(service):
                continue
            subset = by_ports.setdefault(each.ports, {})
            subset.setdefault(field, []).append(_address(service, each))
    for ports, subset in by_ports.items():
        if ports:
            subset["ports"] = [_port(each) for each in sorted(ports)]
    return [subset for _, subset in sorted(by_ports.items())]


def _address(service: Object, backend: Backend) -> Object:
    made: Object = {"ip": backend.address, "targetRef": target_of(backend.pod)}
    if node := backend.pod["spec"].get("nodeName"):
        made["nodeName"] = node
    if name := hostname(service, backend.pod):
        made["hostname"] = name
    return made


def _port(port: Port) -> Object:
    made = port.as_object()
    return made if port.name else {name: value for name, value in made.items() if name != "name"}


def _order(backend: Backend) -> tuple[str, str]:
    return backend.address, str(backend.pod["metadata"]["uid"])
