"""One informer for each kind, shared by all who want to know about it, and the tasks that they run in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from hythe.kube.client.cache import Index
from hythe.kube.client.clock import Clock
from hythe.kube.client.informer import Informer, Source
from hythe.kube.client.resources import Resource


class SharedInformers:
    """Informers run from the moment they are asked for, once `start` was called; `stop` ends them all."""

    def __init__(self, source: Source, *, clock: Clock | None = None) -> None:
        self._source, self._clock = source, clock
        self._informers: dict[Resource, Informer] = {}
        self._tasks: dict[Resource, asyncio.Task[None]] = {}
        self._started = False

    def of(self, resource: Resource, indexes: Mapping[str, Index] | None = None) -> Informer:
        """The kind's informer, with these indexes too."""
        informer = self._informers.get(resource)
        if informer is None:
            informer = self._informers[resource] = Informer(self._source, resource, clock=self._clock)
            if self._started:
                self._run(resource, informer)
        for name, index in (indexes or {}).items():
            informer.cache.add_index(name, index)
        return informer

    def known(self, resource: Resource) -> Informer | None:
        """The kind's informer, if somebody has asked for it."""
        return self._informers.get(resource)

    def start(self) -> None:
        """In a running event loop. What has begun is not begun again."""
        self._started = True
        for resource, informer in self._informers.items():
            if resource not in self._tasks:
                self._run(resource, informer)

    async def synced(self) -> None:
        """All that have been asked for so far have their first list."""
        for informer in list(self._informers.values()):
            await informer.synced()

    async def drop(self, resource: Resource) -> None:
        """Stop following a kind that is no more."""
        self._informers.pop(resource, None)
        await _ended([self._tasks.pop(resource)] if resource in self._tasks else [])

    async def stop(self) -> None:
        self._started = False
        tasks, self._tasks = list(self._tasks.values()), {}
        await _ended(tasks)

    def _run(self, resource: Resource, informer: Informer) -> None:
        self._tasks[resource] = asyncio.create_task(informer.run(), name=f"informer {resource}")


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
