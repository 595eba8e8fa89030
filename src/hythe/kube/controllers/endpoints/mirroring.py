"""EndpointSlices of Endpoints that people keep themselves, for Services without a selector.

Who reads slices (the proxy, the name service) so finds what an old program wrote as Endpoints. Not mirrored: those
of Services with a selector, leader elections' records, and what says `endpointslice.kubernetes.io/skip-mirror`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hythe.kube.client.expectations import Expectations
from hythe.kube.client.informer import Handler
from hythe.kube.client.resources import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from hythe.kube.controllers.absence import gone_is_fine
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.endpoints.slices import MANAGED_BY, SERVICE
from hythe.kube.controllers.owners import reference
from hythe.kube.objects.types import Object

_MANAGER: Final = "endpointslicemirroring-controller.k8s.io"
_SKIP: Final = "endpointslice.kubernetes.io/skip-mirror"
_LEADER: Final = "control-plane.alpha.kubernetes.io/leader"
_MOST: Final = 1000
_NOT_COPIED: Final = frozenset(
    {"endpoints.kubernetes.io/last-change-trigger-time", "endpoints.kubernetes.io/over-capacity"}
)


class EndpointSliceMirroringController(Controller):
    name = "endpointslice-mirroring-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._expected = Expectations(self.clock)
        self._endpoints = self.follow(ENDPOINTS)
        self._services = self.follow(SERVICES)
        self._slices = self.informers.of(ENDPOINT_SLICES, {_MANAGER: _mirror_of})
        self._slices.add_handler(Handler(self._shown, lambda _before, now: self._queue(now), self._queue))

    async def sync(self, key: str) -> None:
        if not self._expected.fulfilled(key):
            return
        endpoints, service = self._endpoints.cache.get(key), self._services.cache.get(key)
        there = self._slices.cache.by(_MANAGER, key)
        wanted: list[Object] = []
        if endpoints is not None and service is not None and is_mirrored(endpoints, service):
            wanted = mirrored(endpoints)
        for known, new in zip(there, wanted, strict=False):
            await self._replace(known, new)
        for new in wanted[len(there) :]:
            self._expected.expect(key, creations=1)
            try:
                await self.client.create(ENDPOINT_SLICES, new)
            except BaseException:
                self._expected.created(key)
                raise
        for known in there[len(wanted) :]:
            await self._delete(known)

    async def _replace(self, known: Object, new: Object) -> None:
        if known["addressType"] != new["addressType"]:
            await self._delete(known)  # which brings the key back, for the new one
            return
        meta = {
            **known["metadata"],
            **{name: new["metadata"].get(name) for name in ("labels", "annotations")},
        }
        changed = {**new, "metadata": {name: value for name, value in meta.items() if value}}
        same = all(changed.get(name) == known.get(name) for name in ("endpoints", "ports"))
        if not same or meta["labels"] != known["metadata"].get("labels"):
            await self.client.update(ENDPOINT_SLICES, changed)

    async def _delete(self, body: Object) -> None:
        meta = body["metadata"]
        with gone_is_fine():
            await self.client.delete(ENDPOINT_SLICES, meta["name"], meta["namespace"], uid=meta["uid"])

    def _shown(self, body: Object) -> None:
        for key in _mirror_of(body):
            self._expected.created(key)
            self.queue.add(key)

    def _queue(self, body: Object) -> None:
        for key in _mirror_of(body):
            self.queue.add(key)


def is_mirrored(endpoints: Object, service: Object) -> bool:
    """Pure."""
    meta = endpoints["metadata"]
    if (meta.get("labels") or {}).get(_SKIP) == "true" or _LEADER in (meta.get("annotations") or {}):
        return False
    return not service["spec"].get("selector")


def mirrored(endpoints: Object) -> list[Object]:
    """A slice for each subset and family. Pure."""
    made = []
    for subset in endpoints.get("subsets") or ():
        for family in ("IPv4", "IPv6"):
            found = [_endpoint(each, True) for each in _of(subset.get("addresses"), family)]
            found += [_endpoint(each, False) for each in _of(subset.get("notReadyAddresses"), family)]
            if found:
                made.append(_slice(endpoints, family, found[:_MOST], subset.get("ports") or []))
    return made


def _slice(endpoints: Object, family: str, found: list[Object], ports: list[Object]) -> Object:
    meta = endpoints["metadata"]
    notes = {
        name: value for name, value in (meta.get("annotations") or {}).items() if name not in _NOT_COPIED
    }
    labels = {**(meta.get("labels") or {}), SERVICE: meta["name"], MANAGED_BY: _MANAGER}
    made: Object = {
        "generateName": f"{meta['name']}-", "namespace": meta["namespace"], "labels": labels,
        "ownerReferences": [reference(endpoints, ENDPOINTS)],
    }  # fmt: skip
    if notes:
        made["annotations"] = notes
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": made,
        "addressType": family, "endpoints": found,
        "ports": [{"name": "", "protocol": "TCP", **each} for each in ports],
    }  # fmt: skip


def _of(addresses: list[Object] | None, family: str) -> Iterable[Object]:
    return [each for each in addresses or () if (":" in each["ip"]) == (family == "IPv6")]


def _endpoint(address: Object, ready: bool) -> Object:
    made: Object = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
    for field in ("hostname", "nodeName", "targetRef"):
        if address.get(field):
            made[field] = address[field]
    return made


def _mirror_of(body: Object) -> Iterable[str]:
    carried = body["metadata"].get("labels") or {}
    if carried.get(MANAGED_BY) == _MANAGER and carried.get(SERVICE):
        yield f"{body['metadata']['namespace']}/{carried[SERVICE]}"
