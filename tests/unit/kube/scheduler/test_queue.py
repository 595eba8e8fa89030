"""Who is tried next, who waits, and for what."""

from __future__ import annotations

import asyncio

from hythe.kube.objects.types import Object
from hythe.kube.scheduler.queue import SchedulingQueue
from tests.kube_double import FakeClock, settle


def pod(name: str, priority: int = 0) -> Object:
    return {"metadata": {"name": name}, "spec": {"priority": priority}}


async def popped(queue: SchedulingQueue) -> str:
    """ "" where none is ready."""
    task = asyncio.ensure_future(queue.pop())
    await settle(3)
    if not task.done():
        task.cancel()
        return ""
    return str(task.result()["metadata"]["name"])


async def test_the_more_important_first_then_the_older() -> None:
    clock = FakeClock()
    queue = SchedulingQueue(clock)
    for name, priority in (("a", 0), ("b", 5), ("c", 0)):
        queue.put(pod(name, priority))
        await clock.advance(1)
    assert [await popped(queue) for _ in range(4)] == ["b", "a", "c", ""]


async def test_what_fits_nowhere_waits_for_a_change_and_then_for_its_pause() -> None:
    clock = FakeClock()
    queue = SchedulingQueue(clock)
    queue.put(pod("a"))
    assert await popped(queue) == "a"
    queue.failed("a")
    await clock.advance(60)
    assert await popped(queue) == ""
    queue.something_changed()
    assert await popped(queue) == "a"  # its pause was over long ago
    queue.failed("a")
    queue.something_changed()
    assert await popped(queue) == ""
    await clock.advance(1.9)
    assert await popped(queue) == ""
    await clock.advance(0.2)
    assert await popped(queue) == "a"


async def test_a_change_while_a_pod_is_tried_is_not_missed() -> None:
    clock = FakeClock()
    queue = SchedulingQueue(clock)
    queue.put(pod("a"))
    await popped(queue)
    queue.something_changed()
    queue.failed("a")
    await clock.advance(1.1)
    assert await popped(queue) == "a"


async def test_arrivals_wake_only_those_who_heed_others() -> None:
    clock = FakeClock()
    queue = SchedulingQueue(clock)
    friend = pod("friend")
    friend["spec"]["affinity"] = {"podAffinity": {"x": []}}
    for each in (pod("loner"), friend):
        queue.put(each)
        await popped(queue)
        queue.failed(each["metadata"]["name"])
    queue.pod_arrived()
    await clock.advance(2)
    assert [await popped(queue), await popped(queue)] == ["friend", ""]


async def test_a_removed_pod_is_not_tried_and_a_long_wait_ends() -> None:
    clock = FakeClock()
    queue = SchedulingQueue(clock)
    for name in "ab":
        queue.put(pod(name))
        await popped(queue)
        queue.failed(name)
    queue.remove("a")
    await clock.advance(301)
    queue.flush()
    assert [await popped(queue), await popped(queue)] == ["b", ""]
    assert len(queue) == 1
