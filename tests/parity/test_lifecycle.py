"""Every operation on a container in every state: the status, what an error says, and the state afterwards."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.parity.lives import (
    GONE,
    OPERATIONS,
    STATES,
    TABLE,
    V,
    has_file,
    make,
    perform,
    put,
    said,
    state_of,
)
from tests.parity.raw import ask
from tests.targets import Target
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

# dockerd loses the container by the one and says "no such container" to the other.
UNLIKE_DOCKERD = {("rename", "restarting"), ("resize", "restarting")}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_in_a_state(target: Target, operation: str, state: str) -> None:
    wanted = TABLE[operation][state]
    id = put(target, state, "one")
    answer = perform(target, id, operation)
    if target.name == "dockerd" and (operation, state) in UNLIKE_DOCKERD:
        assert answer.status == 404
        return
    assert answer.status in wanted.statuses, (answer, wanted)
    if wanted.phrase:
        assert re.search(wanted.phrase, said(answer)), (said(answer), wanted.phrase)
    if state != "restarting" or wanted.state:
        assert state_of(target, id) == (wanted.state or state)
    else:
        assert state_of(target, id) in ("running", "restarting")


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "resize"])
def test_an_operation_on_one_that_was_removed(target: Target, operation: str) -> None:
    id = put(target, "created", "one")
    assert perform(target, id, "remove").status == 204
    answer = perform(target, id, operation)
    assert answer.status == 404 and f"No such container: {id}" in said(answer), answer
    assert state_of(target, id) == GONE


DURING_A_STOP = {
    "start": (304, "running"), "kill": (204, "exited"), "remove by force": (204, GONE), "remove": (409, "running"),
    "pause": (204, "paused"), "rename": (204, "running"), "update": (200, "running"), "exec": (201, "running"),
    "top": (200, "running"), "stats": (200, "running"), "inspect": (200, "running"), "attach": (200, "running"),
    "wait": (200, "running"), "signal": (204, "running"),
}  # fmt: skip


@pytest.mark.parametrize("operation", DURING_A_STOP)
def test_what_is_done_while_a_stop_takes_its_time(target: Target, operation: str) -> None:
    """None of them waits for a program that does not heed TERM."""
    id = make(target, "stubborn", "trap 'touch /asked' TERM; touch /ready; while :; do sleep 0.05; done")
    assert perform(target, id, "start").status == 204
    wait_until(lambda: has_file(target, id, "/ready"))
    limit = round(8 * PATIENCE)
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        stop = pool.submit(ask, target, "POST", f"{V}/containers/{id}/stop?t={limit}")
        wait_until(lambda: has_file(target, id, "/asked"))
        answer = perform(target, id, operation)
        took = time.monotonic() - began
        after = state_of(target, id)
        if operation == "rename":
            assert ask(target, "GET", f"{V}/containers/another/json").status == 200
        if after not in ("exited", GONE):
            assert perform(target, id, "kill").status == 204
        ended = stop.result()
    assert (answer.status, after) == DURING_A_STOP[operation], answer
    assert took < limit * 0.7
    assert ended.status in (204, 404), ended
