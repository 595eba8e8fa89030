from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.cri.client import Runtime
from hythe.kube.kubelet.cri.observed import ContainerRecord, SandboxRecord, State
from hythe.kube.kubelet.cri.observer import News, Observer
from tests.unit.kube.kubelet.pods_double import record, sandbox


class _Runtime:
    """Answers with what it is given; `during` happens while it does."""

    def __init__(self) -> None:
        self.answers: dict[str, ContainerRecord | SandboxRecord] = {}
        self.during: Callable[[], None] = lambda: None
        self.asked = 0

    async def sandbox_status(self, name: str) -> Any:
        return self._answer(name)

    async def container_status(self, name: str, sandbox: str) -> Any:
        return self._answer(name)

    def _answer(self, name: str) -> Any:
        self.asked += 1
        found = self.answers[name]
        self.during()
        return found

    async def list_sandboxes(self, labels: Any) -> list[cri.PodSandbox]:
        return [cri.PodSandbox(id="s0", state=cri.SANDBOX_READY)] if "s0" in self.answers else []

    async def list_containers(self, labels: Any) -> list[cri.Container]:
        found = [one for one in self.answers.values() if isinstance(one, ContainerRecord)]
        state = {State.RUNNING: cri.CONTAINER_RUNNING, State.EXITED: cri.CONTAINER_EXITED}
        return [cri.Container(id=one.id, pod_sandbox_id="s0", state=state[one.state]) for one in found]


def an_event(
    at: int, *states: tuple[str, cri.ContainerState.ValueType], of: str = "s0"
) -> cri.ContainerEventResponse:
    return cri.ContainerEventResponse(
        container_id=states[0][0] if states else of,
        created_at=at,
        pod_sandbox_status=cri.PodSandboxStatus(id="s0", state=cri.SANDBOX_READY),
        containers_statuses=[
            cri.ContainerStatus(id=name, metadata=cri.ContainerMetadata(name=name[0]), state=state)
            for name, state in states
        ],
    )


def made() -> tuple[Observer, _Runtime]:
    runtime = _Runtime()
    runtime.answers = {"s0": sandbox(), "a-0": record("a", sandbox="s0")}
    return Observer(cast(Runtime, runtime), "u1", "ns", "p"), runtime


def state_of(observer: Observer, name: str) -> State | None:
    found = observer.current.latest(name)
    return found.state if found is not None else None


async def test_a_second_look_asks_only_for_what_has_changed() -> None:
    observer, runtime = made()
    await observer.look()
    assert (runtime.asked, state_of(observer, "a")) == (2, State.RUNNING)
    await observer.look()
    assert runtime.asked == 2
    runtime.answers["a-0"] = record("a", State.EXITED, sandbox="s0")
    await observer.look()
    assert (runtime.asked, state_of(observer, "a")) == (3, State.EXITED)


async def test_an_event_is_taken_unless_it_is_older_than_the_look() -> None:
    observer, _ = made()
    before = time.time_ns()
    await observer.look()
    ended = (("a-0", cri.CONTAINER_EXITED),)
    assert observer.told(an_event(before, *ended)) is News.OLD
    assert state_of(observer, "a") is State.RUNNING
    assert observer.told(an_event(time.time_ns(), *ended)) is News.TAKEN
    assert state_of(observer, "a") is State.EXITED


async def test_an_end_while_the_start_is_looked_at_is_not_missed() -> None:
    observer, runtime = made()
    await observer.look()
    times: list[int] = []
    runtime.during = lambda: times.append(time.time_ns())
    runtime.answers["b-0"] = record("b", sandbox="s0")
    await observer.made_container("b-0", "s0")
    assert state_of(observer, "b") is State.RUNNING
    ended = an_event(times[0], ("b-0", cri.CONTAINER_EXITED), ("a-0", cri.CONTAINER_RUNNING))
    assert observer.told(ended) is News.TAKEN
    assert state_of(observer, "b") is State.EXITED


async def test_an_answer_that_an_event_has_overtaken_changes_nothing() -> None:
    observer, runtime = made()
    await observer.look()
    runtime.answers["b-0"] = record("b", sandbox="s0")

    def overtake() -> None:
        ended = ("b-0", cri.CONTAINER_EXITED), ("a-0", cri.CONTAINER_EXITED)
        assert observer.told(an_event(time.time_ns(), *ended)) is News.TAKEN

    runtime.during = overtake
    await observer.made_container("b-0", "s0")
    assert state_of(observer, "b") is State.EXITED
    runtime.answers["c-0"] = record("c", sandbox="s0")
    await observer.look()
    assert state_of(observer, "a") is state_of(observer, "b") is State.EXITED


async def test_news_of_another_from_before_what_was_made_takes_a_look() -> None:
    observer, runtime = made()
    await observer.look()
    at = time.time_ns()
    runtime.answers["b-0"] = record("b", sandbox="s0")
    await observer.made_container("b-0", "s0")
    assert observer.told(an_event(at, ("a-0", cri.CONTAINER_EXITED))) is News.UNCLEAR
    assert observer.told(an_event(at, ("b-0", cri.CONTAINER_CREATED))) is News.OLD
    assert state_of(observer, "b") is State.RUNNING


async def test_a_container_does_not_run_before_its_start_was_answered() -> None:
    observer, _ = made()
    observer.starting.add("a-0")
    await observer.look()
    assert state_of(observer, "a") is State.CREATED
    await observer.made_container("a-0", "s0")
    assert state_of(observer, "a") is State.RUNNING


async def test_the_end_of_a_sandbox_takes_a_look() -> None:
    observer, _ = made()
    await observer.look()
    assert (
        observer.told(cri.ContainerEventResponse(container_id="s0", created_at=time.time_ns()))
        is News.UNCLEAR
    )
