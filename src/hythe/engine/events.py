"""What happens in the engine, as it happens: a bounded history and any number of live readers.

An event has Docker's shape (type, action, actor id, attributes, time); `api/docker` filters and prints it.
A reader that falls more than `BACKLOG` events behind is cut off rather than allowed to hold memory.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections import deque
from collections.abc import Callable

from msgspec import Struct

HISTORY = 512
BACKLOG = 4096


class Event(Struct, frozen=True):
    """`time` in nanoseconds since the epoch; `type` is container, image, network, volume, builder or daemon."""

    type: str
    action: str
    id: str
    attributes: dict[str, str]
    time: int


class Subscription:
    """Events from the moment it was made; an async iterator. Let go of it, or `aclose()` it, to end it."""

    def __init__(self, past: list[Event], accept: Callable[[Event], bool]) -> None:
        self._waiting: asyncio.Queue[Event | None] = asyncio.Queue()
        self._accept = accept
        self._open = True
        for event in past:
            self.offer(event)

    def offer(self, event: Event) -> None:
        if not self._open or not self._accept(event):
            return
        self._waiting.put_nowait(event)
        if self._waiting.qsize() > BACKLOG:
            self._open = False
            self._waiting.put_nowait(None)

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Event:
        event = await self._waiting.get()
        if event is None:
            raise StopAsyncIteration
        return event

    async def aclose(self) -> None:
        self._open = False
        self._waiting.put_nowait(None)


class Events:
    """The bus. Everything runs on the daemon's event loop, so there is no lock."""

    def __init__(self) -> None:
        self._history: deque[Event] = deque(maxlen=HISTORY)
        self._readers: weakref.WeakSet[Subscription] = weakref.WeakSet()
        self.published = 0

    @property
    def readers(self) -> int:
        """Who listens now."""
        return len(self._readers)

    def publish(self, type: str, action: str, id: str, attributes: dict[str, str] | None = None) -> Event:
        event = Event(type, action, id, attributes or {}, time.time_ns())
        self._history.append(event)
        self.published += 1
        for reader in list(self._readers):
            reader.offer(event)
        return event

    def past(self, since: int, until: int = 0) -> list[Event]:
        """Remembered events with since <= time <= until (0 = now), oldest first."""
        return [e for e in self._history if e.time >= since and (not until or e.time <= until)]

    def subscribe(
        self, accept: Callable[[Event], bool] = lambda _: True, *, since: int | None = None
    ) -> Subscription:
        """Live events from this call on (not from the first iteration on), after the past ones from `since`."""
        subscription = Subscription([] if since is None else self.past(since), accept)
        self._readers.add(subscription)
        return subscription
