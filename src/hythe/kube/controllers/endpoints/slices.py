"""From a Service's backends to EndpointSlices, with as few changes as can be. Pure.

A slice holds up to 100 endpoints of one family and one set of ports. Endpoints stay in the slice they are in; what is
new fills slices that change anyway or have room, and then new ones. An empty slice is kept where a Service has no
endpoints.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from hythe.kube.client.resources import SERVICES
from hythe.kube.controllers.endpoints.backends import (
    Backend,
    Port,
    families,
    hostname,
    is_headless,
    target_of,
)
from hythe.kube.controllers.owners import reference
from hythe.kube.objects.types import Object

SERVICE: Final = "kubernetes.io/service-name"
MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
MANAGER: Final = "endpointslice-controller.k8s.io"
HEADLESS: Final = "service.kubernetes.io/headless"
ZONE: Final = "topology.kubernetes.io/zone"

_FULL: Final = 100

Group = tuple[str, tuple[Port, ...]]


class Plan(NamedTuple):
    create: list[Object]
    update: list[Object]
    delete: list[Object]


def plan(
    service: Object, backends: Iterable[Backend], slices: Iterable[Object], zones: Mapping[str, str]
) -> Plan:
    """`slices` are those that this controller manages for the Service; `zones` are the nodes'."""
    wanted: dict[Group, list[Object]] = {(family, ()): [] for family in families(service)}
    for each in backends:
        wanted.setdefault((each.family, each.ports), []).append(_endpoint(service, each, zones))
    for family in families(service):  # the empty slice is for a family without endpoints
        if any(other == family and ports for other, ports in wanted) and not wanted[family, ()]:
            del wanted[family, ()]
    there: dict[Group, list[Object]] = defaultdict(list)
    made = Plan([], [], [])
    for known in slices:
        kind = known["addressType"], _ports_of(known)
        (there[kind] if kind in wanted else made.delete).append(known)
    for group, endpoints in wanted.items():
        _fill(service, group, endpoints, there[group], made)
    return made


def _fill(service: Object, group: Group, endpoints: list[Object], slices: list[Object], made: Plan) -> None:
    missing = {_identity(each): each for each in endpoints}
    contents: list[list[Object]] = []
    for each in slices:
        kept = [missing.pop(_identity(old), None) for old in each.get("endpoints") or ()]
        contents.append([endpoint for endpoint in kept if endpoint is not None])
    left = list(missing.values())
    for content in contents:
        room = _FULL - len(content)
        content += left[:room]
        left = left[room:]
    for each, content in zip(slices, contents, strict=True):
        if not content and (endpoints or each is not slices[0]):
            made.delete.append(each)
            continue
        after = _slice(service, group, content, each)
        if any(after.get(field) != each.get(field) for field in ("endpoints", "ports")) or (
            after["metadata"].get("labels") != each["metadata"].get("labels")
        ):
            made.update.append(after)
    for start in range(0, len(left) or (0 if slices else 1), _FULL):
        made.create.append(_slice(service, group, left[start : start + _FULL], None))


def _slice(service: Object, group: Group, endpoints: list[Object], known: Object | None) -> Object:
    meta: Object = dict(known["metadata"]) if known else {
        "generateName": f"{service['metadata']['name']}-", "namespace": service["metadata"]["namespace"],
        "ownerReferences": [reference(service, SERVICES)],
    }  # fmt: skip
    meta["labels"] = labels_of(service) | {
        SERVICE: service["metadata"]["name"], MANAGED_BY: MANAGER,
    }  # fmt: skip
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta,
        "addressType": group[0], "endpoints": endpoints, "ports": [port.as_object() for port in group[1]],
    }  # fmt: skip


def labels_of(service: Object) -> dict[str, str]:
    """The Service's labels, which its endpoints carry too."""
    carried = dict(service["metadata"].get("labels") or {})
    carried.pop(HEADLESS, None)
    return carried | ({HEADLESS: ""} if is_headless(service) else {})


def _endpoint(service: Object, backend: Backend, zones: Mapping[str, str]) -> Object:
    made: Object = {
        "addresses": [backend.address],
        "conditions": {
            "ready": backend.ready, "serving": backend.serving, "terminating": backend.terminating,
        },
        "targetRef": target_of(backend.pod),
    }  # fmt: skip
    if node := backend.pod["spec"].get("nodeName"):
        made["nodeName"] = node
        if node in zones:
            made["zone"] = zones[node]
    if name := hostname(service, backend.pod):
        made["hostname"] = name
    return made


def _identity(endpoint: Object) -> tuple[Any, ...]:
    return tuple(endpoint.get("addresses") or ()), (endpoint.get("targetRef") or {}).get("uid")


def _ports_of(body: Object) -> tuple[Port, ...]:
    return tuple(
        Port(each.get("name", ""), each.get("protocol", "TCP"), int(each.get("port", 0)), each.get("appProtocol", ""))
        for each in body.get("ports") or ()
    )  # fmt: skip
