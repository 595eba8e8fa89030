"""Keeps each Service's EndpointSlices and its Endpoints: two controllers that look at the same pods.

A pod's change queues the Services that select it, as it was and as it is. Services without a selector, or of type
ExternalName, are their owner's affair.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from hythe.kube.client.cache import key_of, split_key
from hythe.kube.client.expectations import Expectations
from hythe.kube.client.informer import Handler
from hythe.kube.client.resources import ENDPOINT_SLICES, ENDPOINTS, NODES, PODS, SERVICES
from hythe.kube.controllers.absence import gone_is_fine
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.endpoints.backends import Backend, backends
from hythe.kube.controllers.endpoints.slices import MANAGED_BY, MANAGER, SERVICE, ZONE, plan
from hythe.kube.controllers.endpoints.subsets import endpoints, is_ours
from hythe.kube.objects import labels
from hythe.kube.objects.types import Object


class ServiceFollower(Controller):
    """Follows Services and the pods behind them."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._services = self.follow(SERVICES)
        self._pods = self.follow(PODS, self._selecting)

    async def sync(self, key: str) -> None:
        service = self._services.cache.get(key)
        if service is None:
            await self.without_service(key)
            return
        selector = service["spec"].get("selector")
        if not selector or service["spec"].get("type") == "ExternalName":
            return
        wanted = labels.from_labels(selector)
        pods = self._pods.cache.in_namespace(service["metadata"]["namespace"])
        selected = [pod for pod in pods if wanted.matches(pod["metadata"].get("labels"))]
        await self.with_backends(service, backends(service, selected))

    @abstractmethod
    async def with_backends(self, service: Object, found: list[Backend]) -> None:
        """Make it so."""

    @abstractmethod
    async def without_service(self, key: str) -> None:
        """The Service is gone."""

    def _selecting(self, pod: Object) -> Iterable[str]:
        carried = pod["metadata"].get("labels") or {}
        for service in self._services.cache.in_namespace(pod["metadata"]["namespace"]):
            selector = service["spec"].get("selector")
            if selector and all(carried.get(name) == value for name, value in selector.items()):
                yield key_of(service)


class EndpointSliceController(ServiceFollower):
    name = "endpointslice-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._expected = Expectations(self.clock)
        self._slices = self.informers.of(ENDPOINT_SLICES, {SERVICE: _service_of})
        self._slices.add_handler(Handler(self._shown, lambda _before, now: self._queue(now), self._queue))
        self._nodes = self.informers.of(NODES)

    async def with_backends(self, service: Object, found: list[Backend]) -> None:
        key = key_of(service)
        if not self._expected.fulfilled(key):
            return  # the slice that is missing in the cache brings the key back
        steps = plan(service, found, self._slices.cache.by(SERVICE, key), self._zones())
        for each in steps.create:
            self._expected.expect(key, creations=1)
            try:
                await self.client.create(ENDPOINT_SLICES, each)
            except BaseException:
                self._expected.created(key)
                raise
        for each in steps.update:
            await self.client.update(ENDPOINT_SLICES, each)
        for each in steps.delete:
            await self._delete(each)

    async def without_service(self, key: str) -> None:
        self._expected.forget(key)
        for each in self._slices.cache.by(SERVICE, key):
            await self._delete(each)

    async def _delete(self, body: Object) -> None:
        meta = body["metadata"]
        with gone_is_fine():
            await self.client.delete(ENDPOINT_SLICES, meta["name"], meta["namespace"], uid=meta["uid"])

    def _shown(self, body: Object) -> None:
        for key in _service_of(body):
            self._expected.created(key)
            self.queue.add(key)

    def _queue(self, body: Object) -> None:
        for key in _service_of(body):
            self.queue.add(key)

    def _zones(self) -> dict[str, str]:
        carried = {
            each["metadata"]["name"]: each["metadata"].get("labels") or {} for each in self._nodes.cache.all()
        }
        return {name: found[ZONE] for name, found in carried.items() if found.get(ZONE)}


class EndpointsController(ServiceFollower):
    name = "endpoints-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._endpoints = self.follow(ENDPOINTS)
        self._ended: set[str] = set()
        self._services.add_handler(Handler(delete=lambda service: self._ended.add(key_of(service))))

    async def with_backends(self, service: Object, found: list[Backend]) -> None:
        known = self._endpoints.cache.get(key_of(service))
        wanted = endpoints(service, found, known)
        if known is None:
            await self.client.create(ENDPOINTS, wanted)
        elif _changed(known, wanted):
            await self.client.update(ENDPOINTS, wanted)

    async def without_service(self, key: str) -> None:
        """They go with the Service of their name, if they are ours or it was seen to go."""
        namespace, name = split_key(key)
        known = self._endpoints.cache.get(key)
        if known is None or not (is_ours(known) or key in self._ended):
            self._ended.discard(key)
            return
        with gone_is_fine():
            await self.client.delete(ENDPOINTS, name, namespace, uid=known["metadata"]["uid"])
        self._ended.discard(key)


def _service_of(body: Object) -> Iterable[str]:
    """The key of the Service whose slice it is, if this controller manages it."""
    carried = body["metadata"].get("labels") or {}
    if carried.get(MANAGED_BY) == MANAGER and carried.get(SERVICE):
        yield f"{body['metadata']['namespace']}/{carried[SERVICE]}"


def _changed(known: Object, wanted: Object) -> bool:
    before, after = known["metadata"], wanted["metadata"]
    notes = any((before.get(field) or {}) != (after.get(field) or {}) for field in ("labels", "annotations"))
    return notes or (known.get("subsets") or []) != (wanted.get("subsets") or [])
