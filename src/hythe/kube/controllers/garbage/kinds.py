"""Which kinds the garbage collector follows, and the informers that tell it about them.

All kinds that can be listed, watched and deleted, by discovery, which is asked again when CustomResourceDefinitions
change. A kind that other controllers follow is followed with them; of all others' objects only the metadata is kept.
Events are left out: they own nothing and nobody owns them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from hythe.kube.client.client import Client
from hythe.kube.client.clock import Clock
from hythe.kube.client.discovery import discover
from hythe.kube.client.informer import Handler, Informer
from hythe.kube.client.resources import Resource
from hythe.kube.client.shared import SharedInformers
from hythe.kube.objects.types import Object

_log = logging.getLogger(__name__)

_FIELDS: Final = (
    "name", "namespace", "uid", "resourceVersion", "deletionTimestamp", "finalizers", "ownerReferences",
)  # fmt: skip
_IGNORED: Final = frozenset({("", "events"), ("events.k8s.io", "events")})


def metadata_only(body: Object) -> Object:
    """As much of an object as ownership needs."""
    meta = body["metadata"]
    return {"metadata": {name: meta[name] for name in _FIELDS if name in meta}}


class Kinds:
    """`handler` makes what hears of one kind's objects."""

    def __init__(
        self, client: Client, informers: SharedInformers, clock: Clock, handler: Callable[[Resource], Handler]
    ) -> None:
        self._client, self._shared, self._clock, self._handler = client, informers, clock, handler
        self._informers: dict[Resource, tuple[Informer, asyncio.Task[None] | None]] = {}
        self._handled: set[Resource] = set()
        self._by_kind: dict[tuple[str, str], Resource] = {}

    def resource(self, api_version: str, kind: str) -> Resource | None:
        """Of any version of a kind's group, the one that is followed; None for a kind that is not served."""
        return self._by_kind.get((api_version.rpartition("/")[0], kind))

    @property
    def synced(self) -> bool:
        return bool(self._informers) and all(informer.has_synced for informer, _ in self._informers.values())

    async def refresh(self) -> None:
        """Follow what is new, drop what is gone. Raises ApiError, Unavailable."""
        found = await discover(self._client)
        wanted = {
            each
            for each in found.having("list", "watch", "delete")
            if (each.group, each.plural) not in _IGNORED
        }
        for gone in self._informers.keys() - wanted:
            if f"{gone.group}/{gone.version}" not in found.stale:
                await self._drop(gone)
        for each in wanted - self._informers.keys():
            self._follow(each)

    async def settled(self, seconds: float) -> None:
        """Until all have their first list, or that long."""
        waits = [informer.synced() for informer, _ in self._informers.values()]
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*waits)
        except TimeoutError:
            late = [str(each) for each, (informer, _) in self._informers.items() if not informer.has_synced]
            _log.warning("no list yet of %s", ", ".join(late))

    async def stop(self) -> None:
        for each in list(self._informers):
            await self._drop(each)

    def _follow(self, resource: Resource) -> None:
        informer, task = self._shared.known(resource), None
        if informer is None:
            informer = Informer(self._client, resource, clock=self._clock, transform=metadata_only)
            task = asyncio.create_task(informer.run(), name=f"garbage {resource}")
        if resource not in self._handled:  # a shared one keeps its handler when the collector pauses
            informer.add_handler(self._handler(resource))
        if task is None:
            self._handled.add(resource)
        self._informers[resource] = informer, task
        self._by_kind[resource.group, resource.kind] = resource

    async def _drop(self, resource: Resource) -> None:
        informer, task = self._informers.pop(resource)
        if self._by_kind.get((resource.group, resource.kind)) == resource:
            del self._by_kind[resource.group, resource.kind]
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        delete = self._handler(resource).delete
        for body in informer.cache.all():  # its definition is gone, and they with it
            if delete is not None:
                delete(body)
