"""Keys are worked on once, never in two hands, and come back later after failures."""

from __future__ import annotations

import asyncio

import pytest

from hythe.kube.client.queue import Bucket, ShutDown, WorkQueue
from tests.kube_double import FakeClock, settle


async def test_a_key_that_is_added_twice_comes_once() -> None:
    queue: WorkQueue[str] = WorkQueue(FakeClock())
    for key in "aba":
        queue.add(key)
    assert [await queue.get(), await queue.get()] == ["a", "b"]
    assert len(queue) == 0


async def test_a_key_that_is_worked_on_is_kept_back_until_done() -> None:
    queue: WorkQueue[str] = WorkQueue(FakeClock())
    queue.add("a")
    assert await queue.get() == "a"
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert await queue.get() == "a"
    queue.done("a")
    assert len(queue) == 0


async def test_failures_come_back_later_and_later_until_forgotten() -> None:
    clock = FakeClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    for delay in (0.005, 0.01, 0.02, 0.04):
        queue.add_rate_limited("a")
        await clock.advance(delay * 0.9)
        assert len(queue) == 0
        await clock.advance(delay * 0.2)
        assert await queue.get() == "a"
        queue.done("a")
    assert queue.failures("a") == 4
    queue.forget("a")
    queue.add_rate_limited("a")
    await clock.advance(0.006)
    assert len(queue) == 1


async def test_many_failures_at_once_pass_the_common_bucket() -> None:
    clock = FakeClock()
    queue: WorkQueue[int] = WorkQueue(clock)
    for key in range(120):
        queue.add_rate_limited(key)
    await clock.advance(0.01)
    assert len(queue) == 100
    await clock.advance(1.0)
    assert len(queue) == 110


async def test_the_earliest_of_several_delays_counts_and_only_once() -> None:
    clock = FakeClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add_after("a", 10)
    queue.add_after("a", 1)
    queue.add_after("a", 5)
    await clock.advance(2)
    assert await queue.get() == "a"
    queue.done("a")
    await clock.advance(20)
    assert len(queue) == 0


async def test_who_waits_is_woken_and_a_cancelled_one_takes_nobodys_turn() -> None:
    queue: WorkQueue[str] = WorkQueue(FakeClock())
    first, second = asyncio.ensure_future(queue.get()), asyncio.ensure_future(queue.get())
    await settle()
    queue.add("a")
    first.cancel()  # woken, and cancelled before it ran
    await settle()
    assert second.done()
    assert second.result() == "a"


async def test_a_closed_queue_gives_out_what_it_has_and_then_ends() -> None:
    queue: WorkQueue[str] = WorkQueue(FakeClock())
    queue.add("a")
    queue.close()
    queue.add("b")
    assert await queue.get() == "a"
    with pytest.raises(ShutDown):
        await queue.get()


async def test_a_bucket_refills_up_to_its_burst() -> None:
    clock = FakeClock()
    bucket = Bucket(clock, rate=2, burst=3)
    assert [bucket.take() for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    await clock.advance(100)
    assert [bucket.try_take() for _ in range(4)] == [True, True, True, False]
