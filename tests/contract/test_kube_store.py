"""What every store of a cluster must do: `hythe.kube.store.contract`, sentence by sentence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hythe.errors import InvalidArgument, Unavailable
from hythe.kube.store.contract import (
    MAX_KEY,
    MAX_VALUE,
    Batch,
    Compacted,
    Event,
    FutureRevision,
    KeyExists,
    Record,
    RevisionMismatch,
    Store,
    ValueTooLarge,
    Watch,
)
from tests.waiting import PATIENCE

A, B, C = "/registry/pods/default/a", "/registry/pods/default/b", "/registry/pods/kube-system/c"
PODS = "/registry/pods/"


async def heard(watch: Watch, number: int) -> list[Event]:
    """The next `number` events."""
    events: list[Event] = []
    while len(events) < number:
        events += (await next_batch(watch)).events
    return events


async def next_batch(watch: Watch) -> Batch:
    async with asyncio.timeout(20 * PATIENCE):
        return await anext(aiter(watch))


async def silent(watch: Watch, seconds: float = 0.05) -> bool:
    """Nothing comes; who gives up waiting loses nothing."""
    try:
        async with asyncio.timeout(seconds):
            await anext(aiter(watch))
    except TimeoutError:
        return True
    return False


async def pages(store: Store, prefix: str, limit: int) -> AsyncIterator[list[str]]:
    """A prefix page by page, all of one state."""
    page = await store.list(prefix, limit=limit)
    while True:
        yield [record.key for record in page.records]
        if not page.remaining:
            return
        page = await store.list(prefix, limit=limit, at=page.revision, after=page.records[-1].key)


class TestChanges:
    async def test_create_get(self, store: Store) -> None:
        before = await store.revision()
        revision = await store.create(A, b"one")
        assert revision == before + 1 == await store.revision()
        assert await store.get(A) == Record(A, b"one", revision, revision)

    async def test_get_of_nothing(self, store: Store) -> None:
        assert await store.get(A) is None

    async def test_create_twice(self, store: Store) -> None:
        first = await store.create(A, b"one")
        with pytest.raises(KeyExists) as caught:
            await store.create(A, b"two")
        assert caught.value.key == A
        assert await store.get(A) == Record(A, b"one", first, first)
        assert await store.revision() == first

    async def test_update(self, store: Store) -> None:
        first = await store.create(A, b"one")
        second = await store.update(A, b"two", first)
        assert second == first + 1
        assert await store.get(A) == Record(A, b"two", second, first)

    async def test_update_of_an_old_revision_tells_what_is_there(self, store: Store) -> None:
        first = await store.create(A, b"one")
        second = await store.update(A, b"two", first)
        with pytest.raises(RevisionMismatch) as caught:
            await store.update(A, b"three", first)
        assert caught.value.current == Record(A, b"two", second, first)
        assert await store.revision() == second

    async def test_update_of_nothing(self, store: Store) -> None:
        with pytest.raises(RevisionMismatch) as caught:
            await store.update(A, b"one", 1)
        assert caught.value.current is None
        assert await store.get(A) is None

    async def test_delete(self, store: Store) -> None:
        first = await store.create(A, b"one")
        assert await store.delete(A, first) == first + 1
        assert await store.get(A) is None
        assert await store.count(PODS) == 0

    async def test_delete_of_an_old_revision(self, store: Store) -> None:
        first = await store.create(A, b"one")
        second = await store.update(A, b"two", first)
        with pytest.raises(RevisionMismatch) as caught:
            await store.delete(A, first)
        assert caught.value.current == Record(A, b"two", second, first)

    async def test_delete_of_nothing(self, store: Store) -> None:
        with pytest.raises(RevisionMismatch) as caught:
            await store.delete(A, 1)
        assert caught.value.current is None

    async def test_made_again_it_begins_anew(self, store: Store) -> None:
        await store.delete(A, await store.create(A, b"one"))
        again = await store.create(A, b"two")
        assert await store.get(A) == Record(A, b"two", again, again)

    async def test_of_many_writers_with_one_revision_one_wins(self, store: Store) -> None:
        first = await store.create(A, b"0")
        tries = [store.update(A, b"%d" % number, first) for number in range(20)]
        answers = await asyncio.gather(*tries, return_exceptions=True)
        won = [answer for answer in answers if isinstance(answer, int)]
        lost = [answer for answer in answers if isinstance(answer, RevisionMismatch)]
        assert won == [first + 1] and len(lost) == 19
        assert {error.current.revision for error in lost if error.current} == {first + 1}

    async def test_concurrent_changes_have_revisions_of_their_own(self, store: Store) -> None:
        before = await store.revision()
        revisions = await asyncio.gather(*(store.create(f"{PODS}{n}", b"x") for n in range(200)))
        assert sorted(revisions) == list(range(before + 1, before + 201))

    async def test_any_bytes_and_letters(self, store: Store) -> None:
        keys = ["/a", "/é", "/\U0001f433", "/￿", "/a b%", "/'\"", "/_"]
        for key in keys:
            await store.create(key, bytes(range(256)))
        page = await store.list("/")
        assert [record.key for record in page.records] == sorted(keys, key=lambda key: key.encode())
        assert {record.value for record in page.records} == {bytes(range(256))}


class TestRefusals:
    @pytest.mark.parametrize("key", ["", "a", "/a\0b", "/\ud800", "/" + "é" * (MAX_KEY // 2)])
    async def test_what_is_no_key(self, store: Store, key: str) -> None:
        with pytest.raises(InvalidArgument):
            await store.create(key, b"x")
        assert await store.count("/") == 0

    async def test_values(self, store: Store) -> None:
        await store.create(A, b"x" * (MAX_VALUE - 256))
        with pytest.raises(ValueTooLarge):
            await store.create(B, b"x" * (MAX_VALUE + 1))
        with pytest.raises(InvalidArgument):
            await store.create(B, b"")
        record = await store.get(A)
        assert record and len(record.value) == MAX_VALUE - 256

    async def test_a_negative_limit(self, store: Store) -> None:
        with pytest.raises(InvalidArgument):
            await store.list(PODS, limit=-1)

    async def test_the_future(self, store: Store) -> None:
        ahead = await store.create(A, b"x") + 1
        for asking in (
            store.get(A, ahead),
            store.list(PODS, at=ahead),
            store.watch(PODS, ahead),
            store.compact(ahead),
        ):
            with pytest.raises(FutureRevision):
                await asking

    async def test_closed(self, store: Store) -> None:
        watch = await store.watch(PODS)
        await store.close()
        await store.close()
        for asking in (
            store.get(A),
            store.create(A, b"x"),
            store.list(PODS),
            store.revision(),
            store.watch(PODS),
        ):
            with pytest.raises(Unavailable):
                await asking
        assert [batch async for batch in watch] == []


class TestLists:
    async def test_by_prefix_in_order(self, store: Store) -> None:
        for key in (C, B, A, "/registry/podtemplates/default/x", "/registry/pod"):
            await store.create(key, key.encode())
        page = await store.list(PODS)
        assert [record.key for record in page.records] == [A, B, C]
        assert [record.value for record in page.records] == [A.encode(), B.encode(), C.encode()]
        assert (page.revision, page.remaining) == (await store.revision(), 0)
        assert await store.count(PODS) == 3
        assert await store.count("/registry/pods/default/") == 2

    async def test_of_nothing(self, store: Store) -> None:
        page = await store.list(PODS)
        assert (page.records, page.remaining, page.revision) == ([], 0, await store.revision())

    async def test_pages(self, store: Store) -> None:
        for number in range(7):
            await store.create(f"{PODS}{number}", b"x")
        page = await store.list(PODS, limit=3)
        assert ([record.key[-1] for record in page.records], page.remaining) == (["0", "1", "2"], 4)
        page = await store.list(PODS, limit=3, at=page.revision, after=page.records[-1].key)
        assert ([record.key[-1] for record in page.records], page.remaining) == (["3", "4", "5"], 1)
        page = await store.list(PODS, limit=3, at=page.revision, after=page.records[-1].key)
        assert ([record.key[-1] for record in page.records], page.remaining) == (["6"], 0)

    async def test_pages_show_one_state_whatever_is_written_meanwhile(self, store: Store) -> None:
        made = {n: await store.create(f"{PODS}{n}", b"old") for n in range(9)}
        page = await store.list(PODS, limit=2)
        await store.delete(f"{PODS}3", made[3])
        await store.create(f"{PODS}3", b"new")
        await store.delete(f"{PODS}4", made[4])
        await store.update(f"{PODS}5", b"new", await store.update(f"{PODS}5", b"newer", made[5]))
        await store.create(f"{PODS}6a", b"new")
        await store.delete(f"{PODS}6a", await store.revision())
        await store.create(f"{PODS}7a", b"new")
        records, at, remaining = list(page.records), page.revision, [page.remaining]
        while page.remaining:
            page = await store.list(PODS, limit=2, at=at, after=records[-1].key)
            records += page.records
            remaining.append(page.remaining)
        assert [record.key[-1] for record in records] == list("012345678")
        assert {record.value for record in records} == {b"old"}
        assert [record.revision for record in records] == list(made.values())
        assert remaining == [7, 5, 3, 1, 0]

    async def test_get_at(self, store: Store) -> None:
        first = await store.create(A, b"one")
        second = await store.update(A, b"two", first)
        third = await store.delete(A, second)
        fourth = await store.create(A, b"three")
        seen = [await store.get(A, at) for at in (first, second, third, fourth)]
        assert seen == [
            Record(A, b"one", first, first),
            Record(A, b"two", second, first),
            None,
            Record(A, b"three", fourth, fourth),
        ]
        assert await store.get(B, first) is None

    async def test_a_list_contains_what_was_acknowledged_before(self, store: Store) -> None:
        async def write_and_look(number: int) -> bool:
            key = f"{PODS}{number}"
            revision = await store.create(key, b"x")
            page = await store.list(PODS)
            return page.revision >= revision and key in {record.key for record in page.records}

        assert all(await asyncio.gather(*(write_and_look(number) for number in range(50))))


class TestWatches:
    async def test_the_three_kinds_of_change(self, store: Store) -> None:
        watch = await store.watch(PODS)
        first = await store.create(A, b"one")
        second = await store.update(A, b"two", first)
        third = await store.delete(A, second)
        assert await heard(watch, 3) == [
            Event(A, first, b"one", None),
            Event(A, second, b"two", b"one"),
            Event(A, third, None, b"two"),
        ]

    async def test_only_its_prefix(self, store: Store) -> None:
        watch = await store.watch("/registry/pods/default/")
        await store.create(C, b"x")
        await store.create(A, b"x")
        assert [event.key for event in await heard(watch, 1)] == [A]
        assert await silent(watch)

    async def test_from_a_list_on(self, store: Store) -> None:
        await store.create(A, b"x")
        page = await store.list(PODS)
        await store.create(B, b"x")
        watch = await store.watch(PODS, page.revision)
        await store.create(C, b"x")
        assert [event.key for event in await heard(watch, 2)] == [B, C]
        assert await silent(watch)

    async def test_from_the_beginning(self, store: Store) -> None:
        start = await store.revision()
        revision = await store.create(A, b"0")
        for number in range(1, 30):
            revision = await store.update(A, b"%d" % number, revision)
        watch = await store.watch(PODS, start)
        events = await heard(watch, 30)
        assert [event.value for event in events] == [b"%d" % number for number in range(30)]
        assert [event.previous for event in events] == [None] + [b"%d" % number for number in range(29)]

    async def test_each_once_and_in_order_while_many_write(self, store: Store) -> None:
        watches = [await store.watch(PODS) for _ in range(5)]
        revisions = await asyncio.gather(*(store.create(f"{PODS}{n}", b"x") for n in range(300)))
        for watch in watches:
            assert [event.revision for event in await heard(watch, 300)] == sorted(revisions)
            assert await silent(watch, 0.01)

    async def test_one_that_does_not_listen_hears_everything_later(self, store: Store) -> None:
        watch = await store.watch(PODS)
        count = 3000
        for begin in range(0, count, 500):
            await asyncio.gather(*(store.create(f"{PODS}{n:05}", b"x") for n in range(begin, begin + 500)))
        events = await heard(watch, count)
        assert len({event.key for event in events}) == count
        assert [event.revision for event in events] == sorted(event.revision for event in events)
        last = await store.create(A, b"x")
        assert [event.revision for event in await heard(watch, 1)] == [last]

    async def test_progress(self, store: Store) -> None:
        watch = await store.watch(PODS)
        await store.create(A, b"x")
        await heard(watch, 1)
        elsewhere = await store.create("/registry/nodes/n", b"x")
        watch.request_progress()
        batch = await next_batch(watch)
        assert batch.events == [] and batch.revision >= elsewhere
        await store.create(B, b"x")
        resumed = await store.watch(PODS, batch.revision)
        assert [event.key for event in await heard(resumed, 1)] == [B]

    async def test_progress_comes_after_the_events(self, store: Store) -> None:
        start = await store.revision()
        watch = await store.watch(PODS, start)
        last = 0
        for number in range(5):
            last = await store.create(f"{PODS}{number}", b"x")
        watch.request_progress()
        events: list[Event] = []
        batch = await next_batch(watch)
        while batch.revision < last:
            events += batch.events
            batch = await next_batch(watch)
        assert [event.revision for event in events + batch.events] == list(range(last - 4, last + 1))

    async def test_closed_it_ends(self, store: Store) -> None:
        watch = await store.watch(PODS)
        waiting = asyncio.create_task(silent(watch, 20))
        await asyncio.sleep(0)
        watch.close()
        watch.close()
        with pytest.raises(StopAsyncIteration):
            await next_batch(watch)
        with pytest.raises(StopAsyncIteration):
            await waiting
        await store.create(A, b"x")
        assert [batch async for batch in watch] == []


class TestCompaction:
    async def test_the_past_is_gone_and_the_present_stays(self, store: Store) -> None:
        first = await store.create(A, b"one")
        second = await store.update(A, b"two", first)
        third = await store.create(B, b"x")
        assert await store.compacted() <= first
        await store.compact(third)
        assert await store.compacted() == third
        for asking in (store.get(A, second), store.list(PODS, at=second), store.watch(PODS, second)):
            with pytest.raises(Compacted) as caught:
                await asking
            assert caught.value.compacted == third
        assert await store.get(A, third) == await store.get(A) == Record(A, b"two", second, first)
        assert [record.key for record in (await store.list(PODS, at=third)).records] == [A, B]

    async def test_watches_go_on_from_it(self, store: Store) -> None:
        first = await store.create(A, b"one")
        second = await store.update(A, b"two", first)
        third = await store.delete(A, second)
        await store.compact(second)
        watch = await store.watch(PODS, second)
        assert await heard(watch, 1) == [Event(A, third, None, b"two")]

    async def test_again_or_further_back_is_no_error(self, store: Store) -> None:
        revision = 0
        for number in range(4):
            revision = await store.create(f"{PODS}{number}", b"x")
        await store.compact(revision)
        await store.compact(revision)
        await store.compact(revision - 2)
        assert await store.compacted() == revision

    async def test_revisions_go_on_after_everything_is_gone(self, store: Store) -> None:
        deleted = await store.delete(A, await store.create(A, b"one"))
        await store.compact(deleted)
        assert await store.create(A, b"two") == deleted + 1

    async def test_one_who_is_behind_is_told(self, store: Store) -> None:
        before = await store.revision()
        watch = await store.watch(PODS)
        for begin in range(0, 10_000, 500):
            await asyncio.gather(*(store.create(f"{PODS}{n:05}", b"x") for n in range(begin, begin + 500)))
        await store.compact(await store.revision())
        seen: list[int] = []
        with pytest.raises(Compacted):
            while True:
                seen += [event.revision for event in (await next_batch(watch)).events]
        assert seen == [before + number for number in range(1, len(seen) + 1)]
        with pytest.raises(StopAsyncIteration):
            await next_batch(watch)


class TestKeysThatEnd:
    async def test_one_ends_and_watchers_hear_of_it(self, store: Store) -> None:
        watch = await store.watch(PODS)
        made = await store.create(A, b"x", ttl=1)
        stays = await store.create(B, b"x")
        events = await heard(watch, 3)
        assert [(event.key, event.deleted) for event in events] == [(A, False), (B, False), (A, True)]
        assert events[2].revision == stays + 1 == made + 2 and events[2].previous == b"x"
        assert [record.key for record in (await store.list(PODS)).records] == [B]

    async def test_an_update_without_it_keeps_the_key(self, store: Store) -> None:
        watch = await store.watch(PODS)
        kept = await store.update(A, b"y", await store.create(A, b"x", ttl=1))
        await store.create(B, b"x", ttl=1)
        assert [event.key for event in await heard(watch, 4)] == [A, A, B, B]  # the second of B is its end
        record = await store.get(A)
        assert record and record.revision == kept
