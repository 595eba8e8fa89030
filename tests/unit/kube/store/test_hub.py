"""Watchers: with the hub, behind it, and back."""

from __future__ import annotations

import asyncio

import pytest

from hythe.kube.store.contract import Compacted, Event
from hythe.kube.store.hub import QUEUE, Hub, Recent


def event(revision: int, key: str = "/a", size: int = 1) -> Event:
    return Event(key, revision, b"x" * size, None)


class History:
    """A store's, in a list; remembers what it was asked."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.asked: list[tuple[int, int]] = []
        self.compacted = 0
        self.gate: asyncio.Event | None = None

    async def replay(self, prefix: str, after: int, until: int, limit: int) -> tuple[list[Event], int]:
        self.asked.append((after, until))
        if self.gate is not None:
            await self.gate.wait()
        if after < self.compacted:
            raise Compacted(after, self.compacted)
        found = [e for e in self.events if after < e.revision <= until and e.key.startswith(prefix)][:limit]
        return found, until if len(found) < limit else found[-1].revision


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def hub(history: History) -> Hub:
    return Hub(0, history.replay, keep_events=100)


def publish(hub: Hub, history: History, *events: Event) -> None:
    history.events += events
    hub.publish(events, events[-1].revision)


async def test_recent_events_are_not_read_from_the_history(hub: Hub, history: History) -> None:
    publish(hub, history, event(1), event(2), event(3))
    watch = hub.watch("/a", 1)
    assert [e.revision for e in (await anext(watch)).events] == [2, 3]
    assert history.asked == []


async def test_from_the_history_over_recent_events_to_new_ones(hub: Hub, history: History) -> None:
    for revision in range(1, 301):
        publish(hub, history, event(revision))
    watch = hub.watch("/a", 0)
    seen: list[int] = []
    while len(seen) < 300:
        seen += [e.revision for e in (await anext(watch)).events]
    publish(hub, history, event(301))
    seen += [e.revision for e in (await anext(watch)).events]
    assert seen == list(range(1, 302))
    assert len(history.asked) >= 1


async def test_who_does_not_listen_has_no_memory(hub: Hub, history: History) -> None:
    watch = hub.watch("/a", 0)
    for revision in range(1, QUEUE + 500):
        publish(hub, history, event(revision))
    assert watch._queue == []
    seen: list[int] = []
    while len(seen) < QUEUE + 499:
        seen += [e.revision for e in (await anext(watch)).events]
    assert seen == list(range(1, QUEUE + 500))


async def test_what_is_published_during_a_replay(hub: Hub, history: History) -> None:
    for revision in range(1, 301):
        publish(hub, history, event(revision))
    history.gate = asyncio.Event()
    watch = hub.watch("/a", 0)
    first = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    publish(hub, history, event(301), event(302))
    history.gate.set()
    seen = [e.revision for e in (await first).events]
    while seen[-1] < 302:
        seen += [e.revision for e in (await anext(watch)).events]
    assert seen == list(range(1, 303))


async def test_cancelled_during_a_replay_nothing_is_lost(hub: Hub, history: History) -> None:
    for revision in range(1, 301):
        publish(hub, history, event(revision))
    history.gate = asyncio.Event()
    watch = hub.watch("/a", 0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(watch)
    history.gate.set()
    assert (await anext(watch)).events[0].revision == 1


async def test_compacted_meanwhile(hub: Hub, history: History) -> None:
    for revision in range(1, 301):
        publish(hub, history, event(revision))
    history.compacted = 250
    watch = hub.watch("/a", 10)
    with pytest.raises(Compacted):
        await anext(watch)
    with pytest.raises(StopAsyncIteration):
        await anext(watch)
    assert hub.watchers == 0


async def test_a_quiet_prefix_still_makes_progress(hub: Hub, history: History) -> None:
    watch = hub.watch("/b", 0)
    publish(hub, history, event(1), event(2))
    watch.request_progress()
    batch = await anext(watch)
    assert (batch.revision, batch.events) == (2, [])


async def test_progress_of_one_who_is_behind(hub: Hub, history: History) -> None:
    publish(hub, history, event(1), event(2))
    watch = hub.watch("/b", 0)
    watch.request_progress()
    batch = await anext(watch)
    assert (batch.revision, batch.events) == (2, [])


async def test_one_that_begins_ahead_of_what_is_published(hub: Hub, history: History) -> None:
    """A list may have read a commit that its watchers have not been told of yet."""
    watch = hub.watch("/a", 2)
    publish(hub, history, event(1), event(2), event(3))
    assert [e.revision for e in (await anext(watch)).events] == [3]


async def test_closed_watchers_are_forgotten(hub: Hub) -> None:
    watches = [hub.watch("/a", 0) for _ in range(3)]
    watches[0].close()
    assert hub.watchers == 2
    hub.close()
    assert hub.watchers == 0 and [batch async for batch in watches[2]] == []


def test_recent_is_bounded_by_bytes_and_never_splits_a_revision() -> None:
    recent = Recent(0, keep_events=1000, keep_bytes=100_000)
    for revision in range(1, 200, 2):
        recent.add([event(revision, "/a", 4000), event(revision, "/b", 4000)])
    found, complete = recent.after("/", recent.start, 1000)
    assert complete and 0 < len(found) < 30 and len(found) % 2 == 0
    assert found[0].revision > recent.start
