"""Committed events to watchers: in order, each once, with bounded memory.

    publish ---> recent events (a list, the oldest are dropped) --.
       |                                                           |  catch up: a watcher that begins in the past,
       '-------> queues of the watchers whose prefix matches       |  or whose queue was full
                      |                                            |
                      v                                            v
                 a watcher that keeps up <------------------ one that is behind  <--- replay: from the store's history

A watcher is *with* the hub or *behind*. One that is with it has a queue, which `publish` fills. When that is full, the
queue is thrown away and the watcher is behind: it has a position, a revision, and no memory. Whenever it asks, it
gets the next events after its position, from the recent ones where they reach back so far, else from the store; when
it has come to the last event it is with the hub again. So watching from an old revision and being slow are the same
thing. Nothing here awaits between looking and moving on, except the replay, after which it looks again.

The events of one store come in one sequence of revisions, and everything runs in one event loop.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from operator import attrgetter
from typing import Final

from hythe.errors import HytheError
from hythe.kube.store.contract import Batch, Event

QUEUE: Final = 1024  # events that wait for a watcher before it counts as behind
BATCH: Final = 512  # events at a time for one that is behind
KEEP_EVENTS: Final = 8192
KEEP_BYTES: Final = 16 << 20

Replay = Callable[[str, int, int, int], Awaitable[tuple[list[Event], int]]]
"""(prefix, after, until, limit) -> the first `limit` events of revisions after+1 ... until, and how far they reach.

All events up to and with that revision are among them; it is greater than `after`. Raises Compacted.
"""

_revision: Final = attrgetter("revision")


class Hub:
    """The watchers of one store. `revision`: that of the last event that was published."""

    def __init__(
        self, revision: int, replay: Replay, keep_events: int = KEEP_EVENTS, keep_bytes: int = KEEP_BYTES
    ) -> None:
        self.revision = revision
        self.recent = Recent(revision, keep_events, keep_bytes)
        self.replay = replay
        self._watchers: dict[str, set[HubWatch]] = {}

    def publish(self, events: Sequence[Event], revision: int) -> None:
        """Tell everybody. The events are in order, after all before them; `revision` is at least their last one's."""
        self.recent.add(events)
        self.revision = revision
        for prefix, watchers in self._watchers.items():
            matching = [event for event in events if event.key.startswith(prefix)]
            if matching:
                for watcher in watchers:
                    watcher._offer(matching)

    def watch(self, prefix: str, after: int) -> HubWatch:
        """A watcher that stands from now on."""
        watcher = HubWatch(self, prefix, after)
        self._watchers.setdefault(prefix, set()).add(watcher)
        return watcher

    def skip(self, revision: int) -> None:
        """What was up to `revision` has not been published and will not be: watchers have to read it, if they can."""
        self.revision = max(self.revision, revision)
        self.recent.clear(self.revision)
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher._fall_behind()

    def forget(self, watcher: HubWatch) -> None:
        watchers = self._watchers.get(watcher.prefix, set())
        watchers.discard(watcher)
        if not watchers:
            self._watchers.pop(watcher.prefix, None)

    def close(self) -> None:
        for watchers in list(self._watchers.values()):
            for watcher in list(watchers):
                watcher.close()

    @property
    def watchers(self) -> int:
        return sum(map(len, self._watchers.values()))


class Recent:
    """The last events: all of revisions above `start`."""

    def __init__(self, start: int, keep_events: int, keep_bytes: int) -> None:
        self.start = start
        self._events: list[Event] = []
        self._bytes = 0
        self._keep_events, self._keep_bytes = keep_events, keep_bytes

    def add(self, events: Sequence[Event]) -> None:
        self._events.extend(events)
        self._bytes += sum(map(_size, events))
        if len(self._events) > self._keep_events or self._bytes > self._keep_bytes:
            self._shrink()

    def clear(self, start: int) -> None:
        self._events, self._bytes, self.start = [], 0, start

    def _shrink(self) -> None:
        """Down to half of what is kept, so that it happens seldom."""
        drop = 0
        while drop < len(self._events) and (
            len(self._events) - drop > self._keep_events // 2 or self._bytes > self._keep_bytes // 2
        ):
            self._bytes -= _size(self._events[drop])
            drop += 1
        self.start = self._events[drop - 1].revision
        while drop < len(self._events) and self._events[drop].revision == self.start:
            self._bytes -= _size(self._events[drop])
            drop += 1
        del self._events[:drop]

    def after(self, prefix: str, position: int, limit: int) -> tuple[list[Event], bool]:
        """The first `limit` events under `prefix` behind `position`, and whether these are all."""
        found: list[Event] = []
        for index in range(bisect_right(self._events, position, key=_revision), len(self._events)):
            event = self._events[index]
            if not event.key.startswith(prefix):
                continue
            if len(found) >= limit and event.revision != found[-1].revision:
                return found, False
            found.append(event)
        return found, True


def _size(event: Event) -> int:
    return 200 + len(event.value or b"") + len(event.previous or b"")


class HubWatch:
    """One watcher; keeps the contract's `Watch`. Who is cancelled while waiting loses nothing and may ask again."""

    def __init__(self, hub: Hub, prefix: str, after: int) -> None:
        self.prefix = prefix
        self._hub = hub
        self._position = after  # all events up to here were brought, or are not wanted
        self._behind = after < hub.revision
        self._queue: list[Event] = []
        self._wanted = False  # an answer to request_progress
        self._closed = False
        self._wake = asyncio.Event()

    def _offer(self, events: list[Event]) -> None:
        if self._behind:
            return
        if events[0].revision <= self._position:  # it began at a revision that was not published yet
            events = [event for event in events if event.revision > self._position]
        if len(self._queue) + len(events) > QUEUE:
            self._fall_behind()
        else:
            self._queue += events
            self._wake.set()

    def _fall_behind(self) -> None:
        self._queue, self._behind = [], True
        self._wake.set()

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        while not self._closed:
            self._wake.clear()
            if self._behind:
                batch = await self._catch_up()
            elif (batch := self._take()) is None:
                await self._wake.wait()
            if batch is not None:
                return batch
        raise StopAsyncIteration

    def _take(self) -> Batch | None:
        events, self._queue = self._queue, []
        if not events and not self._wanted:
            return None
        self._wanted = False
        self._position = max(self._position, self._hub.revision)
        return Batch(self._position, events)

    async def _catch_up(self) -> Batch | None:
        hub, position = self._hub, self._position
        if position < hub.recent.start:
            try:
                events, self._position = await hub.replay(self.prefix, position, hub.recent.start, BATCH)
            except HytheError:
                self.close()
                raise
        else:
            events, complete = hub.recent.after(self.prefix, position, BATCH)
            self._position = max(position, hub.revision) if complete else events[-1].revision
            self._behind = not complete
        return Batch(self._position, events) if events else None

    def request_progress(self) -> None:
        self._wanted = True
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._queue = []
        self._hub.forget(self)
        self._wake.set()
