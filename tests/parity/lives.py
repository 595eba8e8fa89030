"""What every operation does to a container in every state: the table that the tests of states and of races share.

A container here runs a shell that ends at TERM. `put` brings one into a state, `perform` does an operation to it and
gives the status of the answer and what an error says; `TABLE` says what these are to be.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from tests.parity.raw import Answer, ask, connect
from tests.targets import Target
from tests.waiting import wait_until

V = "/v1.41"
STATES: Final = ("created", "running", "paused", "exited", "restarting")
GONE: Final = "gone"
SCRIPT: Final = "trap 'exit 0' TERM; touch /ready; sleep 1000 & wait"


@dataclass(frozen=True)
class Operation:
    """`lasts`: the answer may not end for long; its head is all that is waited for."""

    method: str
    path: str
    body: object = None
    lasts: bool = False


OPERATIONS: Final = {
    "start": Operation("POST", "/start"),
    "stop": Operation("POST", "/stop?t=5"),
    "restart": Operation("POST", "/restart?t=5"),
    "kill": Operation("POST", "/kill"),
    "signal": Operation("POST", "/kill?signal=CONT"),
    "pause": Operation("POST", "/pause"),
    "unpause": Operation("POST", "/unpause"),
    "rename": Operation("POST", "/rename?name=NEW"),
    "update": Operation("POST", "/update", {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}}),
    "wait": Operation("POST", "/wait?condition=next-exit", lasts=True),
    "remove": Operation("DELETE", ""),
    "remove by force": Operation("DELETE", "?force=1"),
    "exec": Operation("POST", "/exec", {"Cmd": ["true"]}),
    "attach": Operation("POST", "/attach?stream=1&stdout=1", lasts=True),
    "resize": Operation("POST", "/resize?h=10&w=20"),
    "top": Operation("GET", "/top"),
    "stats": Operation("GET", "/stats?stream=0&one-shot=1"),
    "logs": Operation("GET", "/logs?stdout=1"),
    "changes": Operation("GET", "/changes"),
    "read a file": Operation("GET", "/archive?path=/etc/passwd"),
    "inspect": Operation("GET", "/json?size=1"),
}


@dataclass(frozen=True)
class Outcome:
    """Statuses that are right, the regular expression that an error's message has, and the state afterwards."""

    statuses: tuple[int, ...]
    phrase: str = ""
    state: str = ""


def _to(state: str, status: int = 204) -> Outcome:
    return Outcome((status,), "", state)


def _stays(status: int) -> Outcome:
    return Outcome((status,))


def _refused(phrase: str, *more: int) -> Outcome:
    return Outcome((409, *more), phrase)


_STOPPED = _refused("is not running")
_WAITS = _refused("is restarting, wait until the container is running")
_NOT_PAUSED = _refused("is not paused", 500)  # dockerd calls this its own mistake
_SAME = dict.fromkeys(STATES, _stays(200))
_NEEDS_PROCESS = {
    "created": _STOPPED,
    "running": _stays(200),
    "paused": _stays(200),
    "exited": _STOPPED,
    "restarting": _WAITS,
}


def _row(*outcomes: Outcome) -> dict[str, Outcome]:
    return dict(zip(STATES, outcomes, strict=True))


TABLE: Final[dict[str, dict[str, Outcome]]] = {
    #              created              running             paused              exited              restarting
    "start": _row(
        _to("running"),
        _stays(304),
        _refused("cannot start a paused container, try unpause instead"),
        _to("running"),
        _stays(304),
    ),
    "stop": _row(_stays(304), _to("exited"), _to("exited"), _stays(304), _to("exited")),
    "restart": _row(*[_to("running")] * 4, _stays(204)),
    "kill": _row(_STOPPED, _to("exited"), _to("exited"), _STOPPED, _to("exited")),
    "signal": _row(_STOPPED, _stays(204), _to("running"), _STOPPED, _to("exited")),
    "pause": _row(_STOPPED, _to("paused"), _refused("is already paused"), _STOPPED, _WAITS),
    "unpause": _row(_NOT_PAUSED, _NOT_PAUSED, _to("running"), _NOT_PAUSED, _NOT_PAUSED),
    "rename": dict.fromkeys(STATES, _stays(204)),
    "update": _SAME,
    "wait": _SAME,
    "remove": _row(
        _to(GONE),
        _refused("cannot remove a running container|is running: stop the container before removing"),
        _refused("cannot remove a paused container|is paused: unpause the container before removing"),
        _to(GONE),
        _refused("cannot remove a restarting container|is restarting: stop the container before removing"),
    ),
    "remove by force": dict.fromkeys(STATES, _to(GONE)),
    "exec": _NEEDS_PROCESS
    | {"running": _stays(201), "paused": _refused("is paused, unpause the container before exec")},
    "attach": _SAME
    | {"paused": _refused("is paused, unpause the container before attach")}
    | {"restarting": _refused("is restarting, wait until the container is running")},
    "resize": _NEEDS_PROCESS,
    "top": _NEEDS_PROCESS,
    "stats": _SAME,
    "logs": _SAME,
    "changes": _SAME,
    "read a file": _SAME,
    "inspect": _SAME,
}


def put(target: Target, state: str, name: str) -> str:
    """A container of that name in that state; its id."""
    if state == "restarting":
        return _put_restarting(target, name)
    id = make(target, name, SCRIPT)
    if state != "created":
        _done(target, id, "start")
        wait_until(lambda: has_file(target, id, "/ready"))
    if state == "paused":
        _done(target, id, "pause")
    if state == "exited":
        _done(target, id, "stop")
    return id


def has_file(target: Target, id: str, path: str) -> bool:
    return ask(target, "HEAD", f"{V}/containers/{id}/archive?path={path}").status == 200


def make(target: Target, name: str, script: str, **host: object) -> str:
    """Create one that runs a line of the shell; its id."""
    body = {"Image": "busybox", "Cmd": ["sh", "-c", script], "HostConfig": host}
    made = ask(target, "POST", f"{V}/containers/create?name={name}", body)
    assert made.status == 201, made
    id: str = made.json["Id"]
    return id


def _put_restarting(target: Target, name: str) -> str:
    """One that fails at once, after the fourth time: it waits for 1.6 s then."""
    id = make(target, name, "exit 3", RestartPolicy={"Name": "always"})
    _done(target, id, "start")
    wait_until(lambda: _failures(target, id) >= 4 and state_of(target, id) == "restarting")
    return id


def _failures(target: Target, id: str) -> int:
    count: int = ask(target, "GET", f"{V}/containers/{id}/json").json["RestartCount"]
    return count


def _done(target: Target, id: str, operation: str) -> None:
    answer = perform(target, id, operation)
    assert answer.status == 204, (operation, answer)


def perform(target: Target, id: str, operation: str, new_name: str = "another") -> Answer:
    """Do it to the container; the answer, or only its head if it lasts."""
    what = OPERATIONS[operation]
    path = f"{V}/containers/{id}{what.path}".replace("NEW", new_name)
    return _head(target, what, path) if what.lasts else ask(target, what.method, path, what.body)


def _head(target: Target, what: Operation, path: str) -> Answer:
    with connect(target) as connection:
        head = f"{what.method} {path} HTTP/1.1\r\nHost: engine\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            assert piece, "the engine hung up before it answered"
            received += piece
        status = int(received.split()[1])
        head_text, _, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head_text, re.IGNORECASE)
        while status >= 400 and length is not None and len(body) < int(length[1]):
            body += connection.recv(65536)
        return Answer(status, {}, body)


def said(answer: Answer) -> str:
    """What an error says; dockerd's to an attach is no JSON."""
    if answer.status < 400:
        return ""
    try:
        return str(json.loads(answer.body)["message"])
    except ValueError:
        return answer.body.decode(errors="replace")


def state_of(target: Target, id: str) -> str:
    answer = ask(target, "GET", f"{V}/containers/{id}/json")
    return GONE if answer.status == 404 else str(answer.json["State"]["Status"])
