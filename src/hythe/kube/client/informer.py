"""A live copy of all objects of one kind: list once, then watch; handlers hear of each change.

    list -> cache, "synced" -> watch from the list's resourceVersion -> event: cache, handlers; bookmark: version
        the watch ends, or the connection does -> watch again from the last version heard, after a jittered pause
        410 (the history is gone)              -> list again; what differs from the cache becomes events

So handlers are level-triggered: they may miss what happened in between, never the last state. They are plain
functions, called in the event loop one after the other, and must not block: put a key into a queue. An object's last
state is given to `delete` even when the deletion itself was missed.

Kept out: which kinds are followed by whom (`shared`), queues (`queue`).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from hythe.errors import HytheError
from hythe.kube.client import watching
from hythe.kube.client.cache import Cache, Index, key_of
from hythe.kube.client.client import Page
from hythe.kube.client.clock import Clock, SystemClock
from hythe.kube.client.resources import Resource
from hythe.kube.client.watching import WatchEvent
from hythe.kube.objects.types import Object

_log = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 10.0
_CALM: Final = 5.0
"""A watch that lived as long as this, in seconds, was a good one: the pauses begin anew."""
_SHORTEST_WATCH: Final = 300


class Source(Protocol):
    """As much of a `Client` as an informer needs."""

    async def list(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = "", limit: int = 500,
        version: str = "",
    ) -> Page: ...  # fmt: skip

    def watch(
        self, resource: Resource, namespace: str = "", *, version: str = "", labels: str = "", fields: str = "",
        bookmarks: bool = True, seconds: int = 0,
    ) -> Any: ...  # fmt: skip


class Handler(NamedTuple):
    """Who wants to hear; each function may be None."""

    add: Callable[[Object], None] | None = None
    update: Callable[[Object, Object], None] | None = None
    """(before, now)"""
    delete: Callable[[Object], None] | None = None


class Informer:
    """One kind, in one namespace or all (""), by selectors if given."""

    def __init__(
        self, source: Source, resource: Resource, *, namespace: str = "", labels: str = "", fields: str = "",
        indexes: Mapping[str, Index] | None = None, clock: Clock | None = None,
        transform: Callable[[Object], Object] | None = None,
    ) -> None:  # fmt: skip
        """`transform` may make objects smaller before they are kept."""
        self.resource = resource
        self.cache = Cache(indexes)
        self.version = ""
        self._source, self._clock = source, clock or SystemClock()
        self._namespace, self._labels, self._fields = namespace, labels, fields
        self._transform = transform
        self._handlers: list[Handler] = []
        self._synced = asyncio.Event()
        self._pause = _FIRST_PAUSE

    def add_handler(self, handler: Handler) -> None:
        """What is in the cache already is told at once, as additions."""
        self._handlers.append(handler)
        if handler.add is not None:
            for body in self.cache.all():
                handler.add(body)

    @property
    def has_synced(self) -> bool:
        """Has the first list been taken in?"""
        return self._synced.is_set()

    async def synced(self) -> None:
        await self._synced.wait()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            began = self._clock.monotonic()
            try:
                await self._follow()
            except HytheError as error:
                self._failed(error)
            except Exception:  # noqa: BLE001 - whoever counts on this copy must not be left with an old one
                _log.exception("following %s", self.resource)
                self.version = ""
            if self._clock.monotonic() - began >= _CALM:
                self._pause = _FIRST_PAUSE
            await self._clock.sleep(self._pause * random.uniform(0.5, 1.5))
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    async def _follow(self) -> None:
        """One list, if due, and one watch."""
        if not self.version:
            self._replace(await self._list())
        seconds = int(_SHORTEST_WATCH * random.uniform(1, 2))  # so that not all come back at once
        async for event in self._source.watch(
            self.resource, self._namespace, version=self.version, labels=self._labels, fields=self._fields,
            seconds=seconds,
        ):  # fmt: skip
            self._take(event)

    async def _list(self) -> Page:
        return await self._source.list(
            self.resource, self._namespace, labels=self._labels, fields=self._fields
        )

    def _failed(self, error: HytheError) -> None:
        code = getattr(error, "code", 0)
        if code == 410:
            self.version = ""
            return
        if code == 404:
            self.version = ""  # the kind is gone, for now
        _log.log(logging.DEBUG if code == 404 else logging.INFO, "watching %s: %s", self.resource, error)

    def _replace(self, page: Page) -> None:
        """Take a list in: whatever is not in it has been deleted."""
        present = {key_of(body) for body in page.items}
        for key in self.cache.keys():  # noqa: SIM118 - a copy
            if key not in present:
                self._delete(key, None)
        for body in page.items:
            self._put(body)
        self.version = page.resource_version
        self._synced.set()

    def _take(self, event: WatchEvent) -> None:
        body = event.object
        version = (body.get("metadata") or {}).get("resourceVersion", "")
        if event.type in (watching.ADDED, watching.MODIFIED):
            self._put(body)
        elif event.type == watching.DELETED:
            self._delete(key_of(body), body)
        self.version = version or self.version
        self._pause = _FIRST_PAUSE

    def _put(self, body: Object) -> None:
        if self._transform is not None:
            body = self._transform(body)
        before = self.cache.put(body)
        if before is None:
            self._tell("add", lambda handler: handler.add and handler.add(body))
        elif _version(before) != _version(body):
            if before["metadata"].get("uid") != body["metadata"].get("uid"):  # deleted and made anew, unseen
                self._tell("delete", lambda handler: handler.delete and handler.delete(before))
                self._tell("add", lambda handler: handler.add and handler.add(body))
            else:
                self._tell("update", lambda handler: handler.update and handler.update(before, body))

    def _delete(self, key: str, last: Object | None) -> None:
        before = self.cache.remove(key)
        gone = last or before
        if before is not None and gone is not None:
            self._tell("delete", lambda handler: handler.delete and handler.delete(gone))

    def _tell(self, what: str, call: Callable[[Handler], object]) -> None:
        for handler in self._handlers:
            try:
                call(handler)
            except Exception:  # noqa: BLE001 - one handler's mistake must not stop the others' news
                _log.exception("a handler of %s failed on %s", self.resource, what)


def each(on: Callable[[Object], None]) -> Handler:
    """A handler that treats additions, changes and deletions alike."""
    return Handler(on, lambda _before, now: on(now), on)


def _version(body: Object) -> str:
    return str(body["metadata"].get("resourceVersion", ""))


async def all_synced(informers: Iterable[Informer]) -> None:
    for informer in informers:
        await informer.synced()
