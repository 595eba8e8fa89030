"""Restart policies: who comes back, how often, after how long; --rm, and what a person's stop means to both."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest

from tests.parity.lives import GONE, SCRIPT, V, has_file, make, perform, state_of
from tests.parity.raw import ask
from tests.targets import Target
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]


def inspected(target: Target, id: str) -> dict[str, Any]:
    found: dict[str, Any] = ask(target, "GET", f"{V}/containers/{id}/json").json
    return found


def started(target: Target, script: str, policy: str, retries: int = 0, **host: object) -> str:
    wanted = {"Name": policy, "MaximumRetryCount": retries}
    id = make(target, "phoenix", script, RestartPolicy=wanted, **host)
    assert perform(target, id, "start").status == 204
    return id


def runs(target: Target, id: str) -> int:
    """How often it has written a line."""
    log = ask(target, "GET", f"{V}/containers/{id}/logs?stdout=1")
    return log.body.count(b"up")


def test_so_many_times_and_anew_after_a_start_by_hand(target: Target) -> None:
    id = started(target, "echo up; exit 3", "on-failure", 2)
    for total in (3, 6):
        wait_until(lambda total=total: runs(target, id) == total)  # type: ignore[misc]
        wait_until(lambda: state_of(target, id) == "exited")
        found = inspected(target, id)
        assert (found["RestartCount"], found["State"]["ExitCode"]) == (2, 3)
        if total == 3:
            assert perform(target, id, "start").status == 204


def test_success_is_no_failure(target: Target) -> None:
    id = started(target, "echo up; exit 0", "on-failure", 5)
    assert ask(target, "POST", f"{V}/containers/{id}/wait").json["StatusCode"] == 0
    assert inspected(target, id)["RestartCount"] == 0 and runs(target, id) == 1


def test_the_wait_doubles(target: Target) -> None:
    id = started(target, "echo up; exit 1", "on-failure", 4)
    wait_until(lambda: state_of(target, id) == "exited")
    log = ask(target, "GET", f"{V}/containers/{id}/logs?stdout=1&timestamps=1").body.decode()
    times = [_seconds(line[8:]) for line in log.splitlines()]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert len(waits) == 4
    for wait, least in zip(waits, (0.1, 0.2, 0.4, 0.8), strict=True):
        assert least <= wait % 60


def _seconds(line: str) -> float:
    hours, minutes, seconds = line.split("T")[1].split("Z")[0].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.parametrize("condition", ["not-running", "next-exit"])
def test_a_wait_ends_with_the_first_exit(target: Target, condition: str) -> None:
    id = started(target, "sleep 0.5; exit 4", "on-failure", 3)
    assert ask(target, "POST", f"{V}/containers/{id}/wait?condition={condition}").json["StatusCode"] == 4
    assert inspected(target, id)["RestartCount"] == 1


@pytest.mark.parametrize("policy", ["always", "unless-stopped"])
@pytest.mark.parametrize("how", ["stop", "kill", "/kill?signal=TERM"])
def test_what_a_person_stops_stays_stopped(target: Target, policy: str, how: str) -> None:
    id = started(target, f"echo up; {SCRIPT}", policy)
    wait_until(lambda: has_file(target, id, "/ready"))
    if how.startswith("/"):
        assert ask(target, "POST", f"{V}/containers/{id}{how}").status == 204
    else:
        assert perform(target, id, how).status == 204
    wait_until(lambda: state_of(target, id) == "exited")
    id2 = make(target, "clock", "sleep 0.6")  # longer than the first wait
    perform(target, id2, "start")
    ask(target, "POST", f"{V}/containers/{id2}/wait")
    assert state_of(target, id) == "exited" and runs(target, id) == 1


@pytest.mark.parametrize("policy", ["always", "unless-stopped"])
def test_what_ends_by_itself_comes_back(target: Target, policy: str) -> None:
    id = started(target, "echo up; exit 0", policy)
    wait_until(lambda: runs(target, id) >= 3)
    assert inspected(target, id)["RestartCount"] >= 2


def test_a_new_policy_holds_at_the_next_exit(target: Target) -> None:
    id = started(target, f"echo up; {SCRIPT}", "no")
    wait_until(lambda: has_file(target, id, "/ready"))
    changed = ask(target, "POST", f"{V}/containers/{id}/update", {"RestartPolicy": {"Name": "always"}})
    assert changed.status == 200 and not changed.json["Warnings"]
    ended = ask(target, "POST", f"{V}/containers/{id}/exec", {"Cmd": ["kill", "-TERM", "1"]}).json["Id"]
    ask(target, "POST", f"{V}/exec/{ended}/start", {"Detach": True})
    wait_until(lambda: runs(target, id) == 2)
    assert perform(target, id, "stop").status == 204


def test_a_restart_keeps_what_is_to_be_removed(target: Target) -> None:
    id = make(target, "brief", f"echo up; {SCRIPT}", AutoRemove=True)
    perform(target, id, "start")
    wait_until(lambda: has_file(target, id, "/ready"))
    assert perform(target, id, "restart").status == 204
    wait_until(lambda: runs(target, id) == 2)
    assert state_of(target, id) == "running"
    assert perform(target, id, "stop").status == 204
    wait_until(lambda: state_of(target, id) == GONE)


def test_a_restart_is_told_in_this_order(target: Target) -> None:
    id = make(target, "told", SCRIPT)
    perform(target, id, "start")
    wait_until(lambda: has_file(target, id, "/ready"))
    assert perform(target, id, "restart").status == 204
    assert actions(target, id)[-5:] == ["kill", "die", "stop", "start", "restart"]


def test_the_policy_s_restarts_are_told_in_this_order(target: Target) -> None:
    id = started(target, "exit 3", "on-failure", 1)
    wait_until(lambda: state_of(target, id) == "exited")
    assert actions(target, id) == ["create", "start", "die", "start", "die"]


def actions(target: Target, id: str) -> list[str]:
    filters = quote(json.dumps({"container": [id], "type": ["container"]}))
    answer = ask(target, "GET", f"{V}/events?since=0&until={time.time():.9f}&filters={filters}")
    words = [json.loads(line)["Action"] for line in answer.body.splitlines()]
    return [word for word in words if not word.startswith("archive")]
