"""The scheduler on an API server in memory: bindings, events, conditions, failures, evictions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hythe.kube.client.client import Client
from hythe.kube.client.resources import EVENTS, NODES, PODS
from hythe.kube.client.shared import SharedInformers
from hythe.kube.objects import status
from hythe.kube.objects.types import Object
from hythe.kube.scheduler.scheduler import Scheduler
from tests.kube_double import FakeClock, MemoryApi, memory_client


def node(name: str, cpu: str = "4") -> Object:
    room = {"cpu": cpu, "memory": "8Gi", "pods": "110"}
    return {"metadata": {"name": name}, "spec": {}, "status": {"allocatable": room}}


def pod(name: str, cpu: str = "1", **spec: Any) -> Object:
    containers = [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"containers": containers, **spec},
    }  # fmt: skip


@asynccontextmanager
async def scheduling() -> AsyncIterator[tuple[FakeClock, MemoryApi, Client]]:
    clock = FakeClock()
    api, client = memory_client(clock)
    informers = SharedInformers(client, clock=clock)
    task = asyncio.create_task(Scheduler(client, informers, clock=clock).run())
    await clock.advance(0)
    try:
        yield clock, api, client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await informers.stop()


def where(api: MemoryApi) -> dict[str, str]:
    return {each["metadata"]["name"]: each["spec"].get("nodeName", "") for each in api.all(PODS)}


def told(api: MemoryApi, reason: str) -> list[str]:
    return [each["message"] for each in api.all(EVENTS) if each["reason"] == reason]


async def test_a_pod_is_bound_and_that_is_told() -> None:
    async with scheduling() as (clock, api, client):
        api.put(NODES, node("a"))
        await client.create(PODS, pod("x"))
        await client.create(PODS, pod("foreign", schedulerName="another"))
        await clock.advance(0)
        assert where(api) == {"x": "a", "foreign": ""}
        assert told(api, "Scheduled") == ["Successfully assigned shop/x to a"]


async def test_a_pod_that_fits_nowhere_says_why_and_is_placed_when_there_is_room() -> None:
    async with scheduling() as (clock, api, client):
        api.put(NODES, node("a", cpu="1"))
        await client.create(PODS, pod("x", cpu="2"))
        await clock.advance(0)
        message = (
            "0/1 nodes are available: 1 Insufficient cpu. "
            "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
        )
        assert told(api, "FailedScheduling") == [message]
        found = api.get(PODS, "x", "shop")
        assert found is not None
        [condition] = found["status"]["conditions"]
        assert (condition["type"], condition["status"], condition["reason"]) == (
            "PodScheduled", "False", "Unschedulable",
        )  # fmt: skip
        assert condition["message"] == message
        api.put(NODES, node("b"))
        await clock.advance(2)
        assert where(api) == {"x": "b"}


async def test_gated_pods_wait_until_their_gates_are_gone() -> None:
    async with scheduling() as (clock, api, client):
        api.put(NODES, node("a"))
        await client.create(PODS, pod("x", schedulingGates=[{"name": "later"}]))
        await clock.advance(5)
        assert where(api) == {"x": ""}
        await client.patch(PODS, "x", {"spec": {"schedulingGates": None}}, "shop")
        await clock.advance(0)
        assert where(api) == {"x": "a"}


async def test_a_binding_that_fails_is_tried_again_and_its_room_given_back() -> None:
    async with scheduling() as (clock, api, client):
        api.put(NODES, node("a", cpu="1"))
        api.fail = lambda _method, path: status.internal_error("x") if path.endswith("binding") else None
        await client.create(PODS, pod("x"))
        await clock.advance(0)
        assert where(api) == {"x": ""}
        api.fail = lambda _method, _path: None
        await clock.advance(3)
        assert where(api) == {"x": "a"}


async def test_a_more_important_pod_takes_the_place_of_a_lesser_one() -> None:
    async with scheduling() as (clock, api, client):
        api.put(NODES, node("a", cpu="1"))
        await client.create(PODS, pod("low", priority=1))
        await clock.advance(0)
        await client.create(PODS, pod("high", priority=100))
        await clock.advance(0)
        low, high = api.get(PODS, "low", "shop"), api.get(PODS, "high", "shop")
        assert low is not None
        assert high is not None
        assert low["metadata"]["deletionTimestamp"]
        assert high["status"]["nominatedNodeName"] == "a"
        await client.create(PODS, pod("late", priority=1))
        api.remove(PODS, "low", "shop")
        await clock.advance(3)
        assert where(api) == {"high": "a", "late": ""}


async def test_what_is_there_at_the_start_counts() -> None:
    clock = FakeClock()
    api, client = memory_client(clock)
    api.put(NODES, node("a", cpu="1"))
    api.put(PODS, {**pod("old"), "spec": {**pod("old")["spec"], "nodeName": "a"}})
    await client.create(PODS, pod("new"))
    informers = SharedInformers(client, clock=clock)
    task = asyncio.create_task(Scheduler(client, informers, clock=clock).run())
    await clock.advance(1)
    assert where(api) == {"new": "", "old": "a"}
    api.remove(PODS, "old", "shop")
    await clock.advance(3)
    assert where(api) == {"new": "a"}
    task.cancel()
    await informers.stop()


async def test_a_mistake_costs_a_pod_a_turn_and_not_its_place_in_the_queue() -> None:
    async with scheduling() as (clock, api, client):
        api.put(NODES, node("a", cpu="1"))

        def broken(_method: str, path: str) -> None:
            if path.endswith("binding"):
                raise RuntimeError("a mistake")

        api.fail = broken
        await client.create(PODS, pod("x"))
        await clock.advance(0)
        assert where(api) == {"x": ""}
        api.fail = lambda _method, _path: None
        await clock.advance(3)
        assert where(api) == {"x": "a"}
