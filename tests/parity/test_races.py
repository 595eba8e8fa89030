"""Two operations on one container at the same moment, every pair of them from every state.

Whatever comes first, each is answered with a status that the table knows for it in some state (dockerd also calls it
its own mistake, 500, when one comes too late), the container is afterwards in a state to which one of the two orders
leads, and it can still be used: it starts, runs an exec, and is removed; or it is gone, and a removal was among them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations_with_replacement
from threading import Barrier

import pytest

from tests.parity.lives import GONE, TABLE, Outcome, V, make, perform, put, said, state_of
from tests.parity.raw import Answer, ask
from tests.targets import Target
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

RACERS = ("start", "stop", "restart", "kill", "pause", "unpause", "rename", "update", "wait", "remove",
          "remove by force", "exec", "attach")  # fmt: skip
PAIRS = list(combinations_with_replacement(RACERS, 2))
SECONDS = 30 * PATIENCE


@pytest.mark.parametrize(
    "state",
    [
        "running",
        "paused",
        "exited",
        pytest.param("created", marks=pytest.mark.slow),
        pytest.param("restarting", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("first", RACERS)
def test_a_race(target: Target, first: str, state: str) -> None:
    if (state, target.name) == ("restarting", "dockerd"):
        return  # it loses containers that are renamed between two runs
    with ThreadPoolExecutor(2) as pool:
        for number, (one, other) in enumerate(pair for pair in PAIRS if pair[0] == first):
            _race(target, pool, state, one, other, f"racer{number}")


def _race(target: Target, pool: ThreadPoolExecutor, state: str, one: str, other: str, name: str) -> None:
    id = put(target, state, name)
    start = Barrier(2)

    def run(operation: str, new_name: str) -> Answer:
        start.wait()
        return perform(target, id, operation, new_name)

    both = [pool.submit(run, one, f"{name}-a"), pool.submit(run, other, f"{name}-b")]
    answers = [each.result(SECONDS) for each in both]
    situation = f"{one} and {other} of a container that was {state}: {answers}"
    for operation, answer in zip((one, other), answers, strict=True):
        known = _statuses(operation) | ({500} if target.name == "dockerd" else set())
        assert answer.status in known, f"{operation} in {situation}: {said(answer)}"
    ends = _ends(state, one, other) | _ends(state, other, one)
    wait_until(lambda: state_of(target, id) in ends, 5, f"{ends} after {situation}")
    _still_usable(target, id, situation, removed=GONE in ends and state_of(target, id) == GONE)


def _statuses(operation: str) -> set[int]:
    """Those of any state, and of a container that is gone or going."""
    known = {status for outcome in TABLE[operation].values() for status in outcome.statuses}
    return known | {404, 409}


def _ends(state: str, *operations: str) -> set[str]:
    """The states after operations in that order, by the table; what restarts may run at any moment."""
    either = {"running", "restarting"} if state == "restarting" else set[str]()
    states = {state}
    for operation in operations:
        states = {TABLE[operation].get(each, Outcome(())).state or each for each in states}
        states |= either if states & either else set()
    return states


def _still_usable(target: Target, id: str, situation: str, *, removed: bool) -> None:
    if removed:
        return
    if state_of(target, id) == "paused":
        assert perform(target, id, "unpause").status == 204, situation
    if state_of(target, id) not in ("running", "restarting"):
        assert perform(target, id, "start").status == 204, situation
    if state_of(target, id) == "running":
        made = ask(target, "POST", f"{V}/containers/{id}/exec", {"Cmd": ["true"], "AttachStdout": True})
        assert made.status in (201, 409), situation
        if made.status == 201:
            ask(target, "POST", f"{V}/exec/{made.json['Id']}/start", {"Detach": False})
            wait_until(lambda: not ask(target, "GET", f"{V}/exec/{made.json['Id']}/json").json["Running"])
    assert perform(target, id, "remove by force").status == 204, situation
    assert state_of(target, id) == GONE, situation


def test_an_exec_as_the_container_ends(target: Target) -> None:
    """The client is told or let go of; it does not wait for ever for a program that never was."""
    for number in range(60):
        id = make(target, f"brief{number}", f"sleep 0.0{number % 10}; exit 3")
        assert perform(target, id, "start").status == 204
        made = ask(target, "POST", f"{V}/containers/{id}/exec", {"Cmd": ["true"], "AttachStdout": True})
        if made.status == 201:
            started = ask(target, "POST", f"{V}/exec/{made.json['Id']}/start", {"Detach": False})
            assert started.status in (200, 400, 404, 409, 500), started
        else:
            assert made.status == 409, made
        assert perform(target, id, "remove by force").status == 204
