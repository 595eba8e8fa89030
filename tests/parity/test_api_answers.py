"""The API itself: versions, headers, paths that are not there, Swarm and plugins without either, and errors' words."""

from __future__ import annotations

import json
import os
from urllib.parse import quote

import pytest

from tests.parity.raw import ask
from tests.parity.serving import idle
from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

V = "/v1.41"
MANAGER = "This node is not a swarm manager."


def test_the_first_request_of_a_client(target: Target) -> None:
    for method, text in (("GET", b"OK"), ("HEAD", b"")):
        answer = ask(target, method, "/_ping")
        assert (answer.status, answer.body) == (200, text)
        assert answer.headers["ostype"] == "linux"
        assert answer.headers["docker-experimental"] in ("true", "false")
        assert answer.headers["api-version"] == ask(target, "GET", "/version").json["ApiVersion"]
        assert answer.headers["server"]
        assert "no-cache" in answer.headers["cache-control"]


def test_a_client_that_is_newer_than_the_engine(target: Target) -> None:
    newest = ask(target, "GET", "/version").json["ApiVersion"]
    major, minor = newest.split(".")
    assert ask(target, "GET", f"/v{newest}/info").status == 200
    newer = f"{major}.{int(minor) + 1}"
    answer = ask(target, "GET", f"/v{newer}/info")
    wanted = f"client version {newer} is too new. Maximum supported API version is {newest}"
    assert answer.status == 400 and answer.message.startswith(wanted)


def test_a_client_that_is_older_than_the_engine(target: Target) -> None:
    oldest = ask(target, "GET", "/version").json["MinAPIVersion"]
    assert ask(target, "GET", f"/v{oldest}/info").status == 200
    answer = ask(target, "GET", "/v1.0/info")
    assert answer.status == 400
    assert f"client version 1.0 is too old. Minimum supported API version is {oldest}".encode() in answer.body


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nowhere"), ("GET", f"{V}/nowhere"), ("POST", f"{V}/info"), ("DELETE", f"{V}/info/x/y"),
     ("GET", "/"), ("PUT", f"{V}/containers/create")],
)  # fmt: skip
def test_a_path_or_a_method_that_there_is_not(target: Target, method: str, path: str) -> None:
    answer = ask(target, method, path)
    assert (answer.status, answer.json) == (404, {"message": "page not found"})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/swarm"), ("GET", "/swarm/unlockkey"), ("GET", "/nodes"), ("GET", "/nodes/x"), ("DELETE", "/nodes/x"),
     ("GET", "/services"), ("GET", "/services/x"), ("DELETE", "/services/x"), ("GET", "/tasks"), ("GET", "/tasks/x"),
     ("GET", "/secrets"), ("GET", "/secrets/x"), ("DELETE", "/secrets/x"), ("GET", "/configs"), ("GET", "/configs/x"),
     ("DELETE", "/configs/x")],
)  # fmt: skip
def test_without_a_swarm(target: Target, method: str, path: str) -> None:
    answer = ask(target, method, V + path)
    assert answer.status == 503 and answer.message.startswith(MANAGER)


def test_leaving_no_swarm(target: Target) -> None:
    answer = ask(target, "POST", f"{V}/swarm/leave")
    assert (answer.status, answer.message) == (503, "This node is not part of a swarm")


def test_without_plugins(target: Target) -> None:
    assert ask(target, "GET", f"{V}/plugins").json in ([], None)
    calls = (
        ("GET", "/x/json"),
        ("POST", "/x/disable"),
        ("POST", "/x/enable?timeout=0"),
        ("DELETE", "/x"),
        ("POST", "/x/push"),
    )
    for method, path in calls:
        answer = ask(target, method, f"{V}/plugins{path}")
        assert (answer.status, answer.message) == (404, 'plugin "x" not found'), path


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "phrase"),
    [
        ("GET", "/containers/nosuch/json", None, 404, "No such container: nosuch"),
        ("POST", "/containers/nosuch/start", None, 404, "No such container: nosuch"),
        ("POST", "/containers/nosuch/wait", None, 404, "No such container: nosuch"),
        ("GET", "/containers/nosuch/attach/ws", None, 404, "No such container: nosuch"),
        ("POST", "/containers/nosuch/exec", {"Cmd": ["x"]}, 404, "No such container: nosuch"),
        ("POST", "/containers/nosuch/exec", {}, 400, "No exec command specified"),
        ("POST", "/containers/nosuch/kill?signal=NOPE", None, 400, "Invalid signal: NOPE"),
        ("PUT", "/containers/nosuch/archive?path=/", None, 404, "No such container: nosuch"),
        ("GET", "/containers/x/logs", None, 400, "you must choose at least one stream"),
        ("GET", "/exec/nosuch/json", None, 404, "No such exec instance: nosuch"),
        ("GET", "/images/nosuch/json", None, 404, "No such image: nosuch"),
        ("DELETE", "/images/nosuch", None, 404, "No such image: nosuch"),
        ("POST", "/images/nosuch/tag?repo=x", None, 404, "No such image: nosuch"),
        ("POST", "/containers/create", {"Image": "nosuch"}, 404, "No such image: nosuch"),
        ("POST", "/containers/create?name=a/b", {"Image": "busybox"}, 400, "Invalid container name (a/b)"),
        ("GET", "/networks/nosuch", None, 404, "network nosuch not found"),
        ("DELETE", "/networks/bridge", None, 403, "bridge is a pre-defined network and cannot be removed"),
        ("GET", "/volumes/nosuch", None, 404, "no such volume"),
        ("DELETE", "/volumes/nosuch", None, 404, "no such volume"),
        ("POST", "/volumes/create", {"Name": "a/b"}, 400, "includes invalid characters for a local volume name"),
        ("POST", "/volumes/create", {"Name": "x", "Driver": "nope"}, 404, 'plugin "nope" not found'),
        ("POST", "/networks/create", {"Name": "x", "Driver": "nope"}, 404, 'plugin "nope" not found'),
        ("GET", "/events?since=10&until=5", None, 400, "`since` time (10) cannot be after `until` time (5)"),
    ],
)  # fmt: skip
def test_what_errors_say(
    target: Target, method: str, path: str, body: object, status: int, phrase: str
) -> None:
    answer = ask(target, method, V + path, body)
    assert (answer.status, phrase in answer.message) == (status, True), answer


NOUNS = {
    "containers": "ContainersDeleted", "images": "ImagesDeleted", "networks": "NetworksDeleted",
    "volumes": "VolumesDeleted", "build": "CachesDeleted",
}  # fmt: skip


@pytest.mark.parametrize("noun", NOUNS)
def test_pruning_nothing(target: Target, noun: str) -> None:
    assert ask(target, "POST", f"{V}/{noun}/prune").status == 200  # what other tests have left
    answer = ask(target, "POST", f"{V}/{noun}/prune")
    assert answer.status == 200 and not answer.json[NOUNS[noun]]
    assert answer.json.get("SpaceReclaimed", 0) == 0
    unknown = ask(target, "POST", f"{V}/{noun}/prune?filters={quote(json.dumps({'nope': ['x']}))}")
    assert unknown.status == 400 and "nvalid filter 'nope'" in unknown.message


def test_the_system_is_pruned(target: Target) -> None:
    target.docker("run", "--name", "done", "busybox", "true")
    target.docker("network", "create", "unused")
    pruned = target.docker("system", "prune", "-f")
    assert pruned.code == 0, pruned.err
    assert "unused" in pruned.out
    assert target.docker("ps", "-aq").out == ""


def test_fields_that_docker_does_not_know(target: Target) -> None:
    body = {"Image": "busybox", "Nonsense": {"a": [1]}, "HostConfig": {"More": None}}
    answer = ask(target, "POST", f"{V}/containers/create?nonsense=1", body)
    assert answer.status == 201


def test_a_mode_and_a_group_for_the_socket(target: Target) -> None:
    assert os.stat(target.host.removeprefix("unix://")).st_mode & 0o777 == 0o660


def test_a_paused_container_is_ended_by_force(target: Target) -> None:
    for command in (["kill"], ["rm", "-f"]):
        idle(target, "frozen")
        assert target.docker("pause", "frozen").code == 0
        done = target.docker(*command, "frozen")
        assert done.code == 0, done.err
        target.docker("rm", "-f", "frozen")


def test_old_clients_see_what_they_know(target: Target) -> None:
    for path in ("/images/json", "/images/busybox/json", "/system/df"):
        old = (
            ask(target, "GET", f"/v1.24{path}").json
            if path != "/system/df"
            else ask(target, "GET", f"/v1.25{path}").json
        )
        assert "VirtualSize" in json.dumps(old)
    assert ask(target, "GET", "/v1.24/images/json?filter=busybox").json
    assert ask(target, "GET", "/v1.24/images/json?filter=nosuch").json == []
    assert ask(target, "GET", "/v1.41/images/json?filter=nosuch").json
