"""One leader at a time; another when it falls silent or steps down."""

from __future__ import annotations

import asyncio

from hythe.kube.client.client import Client
from hythe.kube.client.election import Elector
from hythe.kube.client.resources import LEASES
from hythe.kube.objects import status
from tests.kube_double import FakeClock, MemoryApi, memory_client


class Candidate:
    def __init__(self, client: Client, clock: FakeClock, name: str, leading: list[str]) -> None:
        self._leading, self._name = leading, name
        self.task = asyncio.create_task(Elector(client, "manager", name, clock=clock).lead(self._work))

    async def _work(self) -> None:
        self._leading.append(self._name)
        try:
            await asyncio.Event().wait()
        finally:
            self._leading.remove(self._name)


def holder(api: MemoryApi) -> str:
    found = api.get(LEASES, "manager", "kube-system")
    assert found is not None
    return str(found["spec"]["holderIdentity"])


async def test_the_first_leads_and_the_second_follows_when_it_steps_down() -> None:
    clock = FakeClock()
    api, client = memory_client(clock)
    leading: list[str] = []
    first = Candidate(client, clock, "a", leading)
    await clock.advance(1)
    second = Candidate(client, clock, "b", leading)
    await clock.advance(60)
    assert (leading, holder(api)) == (["a"], "a")
    first.task.cancel()
    await clock.advance(3)
    assert (leading, holder(api)) == (["b"], "b")
    found = api.get(LEASES, "manager", "kube-system")
    assert found is not None
    assert found["spec"]["leaseTransitions"] == 1
    second.task.cancel()
    await clock.advance(1)


async def test_a_leader_that_cannot_renew_stops_before_another_begins() -> None:
    clock = FakeClock()
    api, client = memory_client(clock)
    leading: list[str] = []
    first = Candidate(client, clock, "a", leading)
    await clock.advance(5)
    api.fail = lambda _method, _path: status.internal_error("cut off")
    await clock.advance(8)
    assert leading == ["a"]
    await clock.advance(5)
    assert leading == []
    assert first.task.done()
    api.fail = lambda _method, _path: None
    second = Candidate(client, clock, "b", leading)
    await clock.advance(20)
    assert leading == ["b"]
    second.task.cancel()
    await clock.advance(1)


async def test_a_lead_that_was_lost_is_sought_again_and_a_failure_is_raised() -> None:
    clock = FakeClock()
    api, client = memory_client(clock)
    began: list[int] = []

    async def work() -> None:
        began.append(1)
        if len(began) == 2:
            raise RuntimeError("a mistake")
        await asyncio.Event().wait()

    task = asyncio.create_task(Elector(client, "manager", "a", clock=clock).lead_whenever(work))
    await clock.advance(3)
    api.fail = lambda _method, _path: status.internal_error("cut off")
    await clock.advance(20)
    assert began == [1]
    api.fail = lambda _method, _path: None
    await clock.advance(20)
    assert began == [1, 1]
    assert isinstance(task.exception(), RuntimeError)
