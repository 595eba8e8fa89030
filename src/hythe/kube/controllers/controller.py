"""What all controllers have in common: informers in, a queue of keys, `sync` for each key, again later if it
failed."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import ClassVar, NamedTuple

from hythe.errors import HytheError
from hythe.kube.client.cache import Index, key_of
from hythe.kube.client.client import Client
from hythe.kube.client.clock import Clock
from hythe.kube.client.informer import Handler, Informer
from hythe.kube.client.queue import WorkQueue
from hythe.kube.client.recorder import Recorder
from hythe.kube.client.resources import Resource
from hythe.kube.client.shared import SharedInformers
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

_log = logging.getLogger(__name__)


class Options(NamedTuple):
    """What controllers are told. Times are in seconds.

    `authority`: the cluster's certificate authority, PEM, for the pods. `node_grace`: how long a node may be silent.
    """

    authority: str = ""
    node_grace: float = 50.0


class Context(NamedTuple):
    """What a controller works with."""

    client: Client
    informers: SharedInformers
    clock: Clock
    options: Options = Options()

    def recorder(self, component: str) -> Recorder:
        return Recorder(self.client, component, clock=self.clock)


class Controller(ABC):
    """`workers` keys are worked on at once, each by one worker."""

    name: ClassVar[str]
    workers: ClassVar[int] = 5

    def __init__(self, context: Context) -> None:
        self.client, self.informers, self.clock = context.client, context.informers, context.clock
        self.recorder = context.recorder(self.name)
        self.queue: WorkQueue[str] = WorkQueue(self.clock)

    @abstractmethod
    async def sync(self, key: str) -> None:
        """Make the object of `key` so. A HytheError brings the key back later."""

    def follow(
        self, resource: Resource, keys: Callable[[Object], Iterable[str]] | None = None,
        indexes: Mapping[str, Index] | None = None,
    ) -> Informer:  # fmt: skip
        """The kind's informer; each change queues `keys` of the object, before and now (its own key if None)."""
        informer = self.informers.of(resource, indexes)
        find = keys or (lambda body: (key_of(body),))

        def changed(*bodies: Object) -> None:
            for key in {key for body in bodies for key in find(body)}:
                self.queue.add(key)

        informer.add_handler(Handler(changed, changed, changed))
        return informer

    async def run(self) -> None:
        """Until cancelled. The informers must have been started."""
        await self.informers.synced()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.recorder.run(), name=f"{self.name} events")
            for task in self.background():
                group.create_task(task())
            for _ in range(self.workers):
                group.create_task(self._work(), name=self.name)

    def background(self) -> Iterable[Callable[[], Coroutine[None, None, None]]]:
        """Further tasks that a controller wants to run."""
        return ()

    async def _work(self) -> None:
        while True:
            key = await self.queue.get()
            try:
                await self.work_on(key)
            finally:
                self.queue.done(key)

    async def work_on(self, key: str) -> None:
        """`sync`, and what follows from how it went."""
        stale = False
        try:
            await self.sync(key)
        except HytheError as error:
            stale = isinstance(error, ApiError) and error.code in (404, 409)
            _log.log(logging.DEBUG if stale else logging.WARNING, "%s: %s: %s", self.name, key, error)
        except Exception:  # noqa: BLE001 - a mistake in one object's work must not end the others'
            _log.exception("%s: %s", self.name, key)
        else:
            self.queue.forget(key)
            return
        self.queue.add_rate_limited(key, alone=stale)
