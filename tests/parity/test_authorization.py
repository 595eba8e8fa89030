"""Authorization plugins in docker's protocol: what they are told, and what their refusal does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import hythe
from tests.authz import Message, Plugin, Policy, body, deny, everything, served
from tests.parity.raw import ask
from tests.targets import Target, start_dockerd, start_hythe
from tests.tidy import tidied

pytestmark = pytest.mark.root

NAME = f"test-authz-{os.getpid()}"


class Guarded(NamedTuple):
    engine: Target
    plugin: Plugin


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    start = start_dockerd if request.config.getoption("--target") == "dockerd" else start_hythe
    with (
        served(Path(f"/run/docker/plugins/{NAME}.sock")) as plugin,
        start(tmp_path_factory.mktemp("authz"), "--authorization-plugin", NAME) as engine,
    ):
        yield Guarded(engine, plugin)


@pytest.fixture
def guarded(running: Guarded) -> Iterator[Guarded]:
    with tidied(running.engine):
        running.plugin.asked.clear()
        try:
            yield running
        finally:
            running.plugin.policy = everything


@pytest.fixture
def client(guarded: Guarded) -> Iterator[hythe.Client]:
    with hythe.connect(guarded.engine.host) as connected:
        yield connected


def denying(word: str, stage: str = "AuthZReq") -> Policy:
    """The policy that refuses requests with `word` in their path, at one of the two stages."""

    def policy(method: str, message: Message) -> bytes | None:
        asked = method.endswith(stage) and word in message["RequestUri"]
        return deny("not today") if asked else None

    return policy


def test_what_a_plugin_is_told(guarded: Guarded) -> None:
    answer = ask(
        guarded.engine, "POST", "/v1.41/containers/create?name=told", {"Image": "busybox", "Cmd": ["true"]}
    )
    assert answer.status == 201
    (request,) = guarded.plugin.requests("/containers/create")
    assert (request["RequestMethod"], request["RequestUri"]) == ("POST", "/v1.41/containers/create?name=told")
    assert json.loads(body(request)) == {"Image": "busybox", "Cmd": ["true"]}
    assert request["RequestHeaders"]["Content-Type"] == "application/json"
    assert not request.keys() & {"User", "UserAuthNMethod", "RequestPeerCertificates", "ResponseBody"}
    (response,) = guarded.plugin.responses("/containers/create")
    assert request.items() <= response.items() and response["ResponseStatusCode"] == 201
    assert json.loads(body(response, "ResponseBody"))["Id"] == answer.json["Id"]
    assert response["ResponseHeaders"]["Content-Type"] == "application/json"


def test_secrets_for_registries_are_not_told(guarded: Guarded) -> None:
    fields = {"X-Registry-Auth": "c2VjcmV0", "X-Registry-Config": "c2VjcmV0", "Authorization": "secret"}
    ask(guarded.engine, "GET", "/v1.41/info", None, headers=fields)
    (request,) = guarded.plugin.requests("/info")
    assert not {name.lower() for name in request["RequestHeaders"]} & {name.lower() for name in fields}


def test_a_request_that_is_denied_does_nothing(guarded: Guarded, client: hythe.Client) -> None:
    guarded.plugin.policy = denying("/containers/create")
    answer = ask(guarded.engine, "POST", "/v1.41/containers/create", {"Image": "busybox"})
    assert (answer.status, answer.message) == (403, f"authorization denied by plugin {NAME}: not today")
    assert guarded.plugin.responses("/containers/create") == []
    assert client.containers.list(all=True) == ()
    shown = guarded.engine.docker("run", "--rm", "busybox", "true")
    assert shown.code == 125 and f"authorization denied by plugin {NAME}: not today" in shown.err
    with pytest.raises(hythe.Denied, match="not today"):
        client.containers.run("busybox", "true")


def test_an_answer_that_is_denied_does_not_leave(guarded: Guarded, client: hythe.Client) -> None:
    with client.containers.create("busybox", environment={"TOKEN": "secret"}) as container:
        guarded.plugin.policy = denying("/json", "AuthZRes")
        answer = ask(guarded.engine, "GET", f"/v1.41/containers/{container.id}/json")
        assert (answer.status, answer.message) == (403, f"authorization denied by plugin {NAME}: not today")
        assert b"secret" not in answer.body
        guarded.plugin.policy = everything


def test_a_plugin_decides_by_the_body(guarded: Guarded, client: hythe.Client) -> None:
    def no_privileges(method: str, message: Message) -> bytes | None:
        asked = json.loads(body(message) or b"{}") if method.endswith("AuthZReq") else {}
        return deny("no privileges") if (asked.get("HostConfig") or {}).get("Privileged") else None

    guarded.plugin.policy = no_privileges
    assert client.containers.check_output("busybox", "echo plain").stdout == b"plain\n"
    with pytest.raises(hythe.Denied, match="no privileges"):
        client.containers.create("busybox", privileged=True)


def test_streams_pass_when_they_are_allowed(guarded: Guarded, client: hythe.Client) -> None:
    run = guarded.engine.docker("run", "-i", "--rm", "busybox", "cat", stdin=b"through\n")
    assert (run.code, run.out) == (0, "through\n")
    with client.containers.run("busybox", "sleep 1000", init=True) as container:
        assert container.exec("cat", input=b"in").stdout == b"in"
        assert guarded.plugin.requests("/exec") and guarded.plugin.requests("/start")
        with client.events() as events:
            container.kill()
            assert next(events).action == "kill"


@pytest.mark.parametrize("word", ["/attach", "/exec/", "/logs", "/archive", "/export"])
def test_streams_that_are_denied(guarded: Guarded, client: hythe.Client, word: str) -> None:
    verbs: dict[str, Callable[[hythe.Container], object]] = {
        "/attach": lambda each: each.attach(), "/exec/": lambda each: each.exec("true"),
        "/logs": lambda each: each.logs(), "/archive": lambda each: each.read_file("/etc/passwd"),
        "/export": lambda each: b"".join(each.export()),
    }  # fmt: skip
    with client.containers.run("busybox", "sleep 1000", init=True) as container:
        guarded.plugin.policy = denying(word)
        with pytest.raises(hythe.Denied, match=f"authorization denied by plugin {NAME}: not today"):
            verbs[word](container)
        guarded.plugin.policy = everything


def test_a_plugin_that_fails_refuses(guarded: Guarded) -> None:
    guarded.plugin.policy = lambda method, _: b"{nonsense"
    answer = ask(guarded.engine, "GET", "/v1.41/containers/json")
    assert answer.status == 500
    assert answer.message.startswith(f"plugin {NAME} failed with error: ")
