"""Attempts to get past an authorization plugin: bodies that it is not shown, paths that it does not know, its death.

CVE-2024-41110 and its sequels: a body that was empty, chunked, or too large was not shown to plugins, and carried out.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

import hythe
from hythe.api.docker.call import MAX_BODY
from tests.authz import Message, Plugin, body, deny, everything, served
from tests.outside.test_door import certificates, free_port
from tests.parity.raw import ask, connect
from tests.targets import Target, hythe_command, start_hythe
from tests.tidy import tidied
from tests.waiting import wait_until

pytestmark = pytest.mark.root

PRIVILEGED = {"Image": "busybox", "HostConfig": {"Privileged": True}}


class Guarded(NamedTuple):
    engine: Target
    plugin: Plugin
    socket: Path

    def containers(self) -> int:
        self.plugin.policy = everything
        with hythe.connect(self.engine.host) as client:
            return len(client.containers.list(all=True))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The plugin's socket stands in the engine's own directory of plugins."""
    root = tmp_path_factory.mktemp("authz")
    socket = root / "run/plugins/judge.sock"
    with served(socket) as plugin, start_hythe(root, "--authorization-plugin", "judge") as engine:
        yield Guarded(engine, plugin, socket)


@pytest.fixture
def guarded(running: Guarded) -> Iterator[Guarded]:
    with tidied(running.engine):
        running.plugin.asked.clear()
        running.plugin.policy = no_privileges
        try:
            yield running
        finally:
            running.plugin.policy = everything


def no_privileges(method: str, message: Message) -> bytes | None:
    """By the body alone, as the plugins that people use decide it."""
    if method == "AuthZPlugin.AuthZReq" and b'"Privileged": true' in body(message):
        return deny("no privileges")
    return None


def no_creation(method: str, message: Message) -> bytes | None:
    """By the path alone, with or without a version, as plugins have it in their rules."""
    path = message["RequestUri"].partition("?")[0]
    return deny("no creation") if re.fullmatch(r"(/v[0-9.]+)?/containers/create", path) else None


def raw(engine: Target, request: bytes) -> bytes:
    """The answer to bytes as they stand."""
    with connect(engine) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def create(fields: bytes, data: bytes, path: bytes = b"/v1.41/containers/create") -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + b"\r\n" + data


DATA = json.dumps(PRIVILEGED).encode()
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(DATA), DATA)


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        (b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
        (b"Transfer-Encoding: chunked\r\n", CHUNKED),
        (b"Content-Type: text/plain\r\nContent-Length: %d\r\n" % len(DATA), DATA),
        (b"Content-Type: application/x-tar\r\nContent-Length: %d\r\n" % len(DATA), DATA),
        (b"Content-Length: %d\r\n" % len(DATA), DATA),
        (b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(DATA), DATA),
    ],
)
def test_however_a_body_comes_it_is_shown(guarded: Guarded, fields: bytes, data: bytes) -> None:
    answer = raw(guarded.engine, create(fields, data))
    assert b" 403 " in answer.split(b"\r\n\r\nHTTP/1.1")[-1] and b"no privileges" in answer
    (request,) = guarded.plugin.requests("/containers/create")
    assert json.loads(body(request)) == PRIVILEGED
    assert guarded.containers() == 0


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        (b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
        (b"Content-Length: 0\r\n", DATA),
        (b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(DATA), DATA),
        (b"", DATA),
    ],
)
def test_a_body_that_is_said_to_be_empty_is_not_carried_out(
    guarded: Guarded, fields: bytes, data: bytes
) -> None:
    answer = raw(guarded.engine, create(fields, data))
    assert b" 201 " not in answer
    assert guarded.containers() == 0


def test_an_empty_body_is_asked_about(guarded: Guarded) -> None:
    guarded.plugin.policy = lambda method, _: deny("nothing at all")
    answer = ask(guarded.engine, "POST", "/v1.41/containers/create")
    assert (answer.status, answer.message) == (403, "authorization denied by plugin judge: nothing at all")
    assert len(guarded.plugin.requests("/containers/create")) == 1


@pytest.mark.parametrize("size", [2**20 - 1, 2**20 + 1, 4 * 2**20])
def test_a_large_body_is_shown_whole(guarded: Guarded, size: int) -> None:
    """dockerd showed none of more than 1 MiB."""
    padded = json.dumps({"Labels": {"padding": "x" * (size - 100)}, **PRIVILEGED}).encode()
    answer = ask(guarded.engine, "POST", "/v1.41/containers/create", padded)
    assert (answer.status, answer.message) == (403, "authorization denied by plugin judge: no privileges")
    (request,) = guarded.plugin.requests("/containers/create")
    assert body(request) == padded
    assert guarded.containers() == 0


def test_a_body_that_is_too_large_is_refused(guarded: Guarded) -> None:
    padded = DATA + b" " * (MAX_BODY + 1 - len(DATA))
    answer = ask(guarded.engine, "POST", "/v1.41/containers/create", padded)
    assert answer.status == 400 and "larger than" in answer.message
    assert guarded.plugin.requests("/containers/create") == [] and guarded.containers() == 0


@pytest.mark.parametrize(
    "path",
    [
        "/containers/create", "/v1.41/containers/create", "//containers/create", "/v1.41//containers/create",
        "/./containers/create", "/x/../containers/create", "/%63ontainers/create", "/v1.41/containers%2Fcreate",
        "/v1.41/containers/create/", "http://host/containers/create", "http://host/v1.41/containers/create",
        "/v1.41/containers/create#x", "/containers/create;x", "/V1.41/containers/create", "/v01.41/containers/create",
    ],
)  # fmt: skip
def test_however_a_path_is_written_it_is_known(guarded: Guarded, path: str) -> None:
    guarded.plugin.policy = no_creation
    data = b'{"Image": "busybox"}'
    answer = raw(guarded.engine, create(b"Content-Length: %d\r\n" % len(data), data, path.encode()))
    denied = b" 403 " in answer and b"no creation" in answer
    assert denied or b" 404 " in answer or b" 400 " in answer
    assert guarded.containers() == 0


def test_passwords_are_not_shown(guarded: Guarded) -> None:
    ask(
        guarded.engine,
        "POST",
        "/v1.41/auth",
        {"username": "a", "password": "secret", "serveraddress": "localhost:1"},
    )
    (request,) = guarded.plugin.requests("/auth")
    assert "RequestBody" not in request


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"null", b"[]", b"{}", b'{"Allow": "true"}', b'{"Allow": 1}', b'{"Allow": true, "Err": "oh"}',
        b'{"Allow": true', b"\xff\xfe", b'{"Allow": true, "Msg": "' + b"x" * 2**21 + b'"}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_refuses(guarded: Guarded, answer: bytes) -> None:
    guarded.plugin.policy = lambda method, _: answer
    refused = ask(guarded.engine, "GET", "/v1.41/containers/json")
    assert refused.status == 500
    assert refused.message.startswith("plugin judge failed with error: AuthZPlugin.AuthZReq: ")


def test_a_plugin_that_takes_its_time_holds_up_nobody_else(guarded: Guarded) -> None:
    released = threading.Event()

    def slow_about_info(method: str, message: Message) -> bytes | None:
        if message["RequestUri"].endswith("/info"):
            released.wait(30)
        return None

    guarded.plugin.policy = slow_about_info
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(ask, guarded.engine, "GET", "/v1.41/info")
        try:
            wait_until(lambda: guarded.plugin.requests("/info"), what="the slow question")
            assert ask(guarded.engine, "GET", "/v1.41/containers/json").status == 200
            assert not slow.done()
        finally:
            released.set()
        assert slow.result(30).status == 200


@pytest.mark.slow
def test_a_plugin_that_never_answers_refuses(guarded: Guarded) -> None:
    released = threading.Event()
    guarded.plugin.policy = lambda method, _: b"" if released.wait(50) else None
    try:
        refused = ask(guarded.engine, "GET", "/v1.41/containers/json")
    finally:
        released.set()
    assert refused.status == 500
    assert refused.message == "plugin judge failed with error: AuthZPlugin.AuthZReq: no answer within 30 s"


def test_a_plugin_that_is_not_there_refuses_and_may_come_back(guarded: Guarded) -> None:
    aside = guarded.socket.with_suffix(".aside")
    guarded.socket.rename(aside)
    try:
        refused = ask(guarded.engine, "GET", "/v1.41/_ping")
        assert refused.status == 500 and refused.message.startswith("plugin judge failed with error: ")
    finally:
        aside.rename(guarded.socket)
    assert ask(guarded.engine, "GET", "/v1.41/_ping").status == 200


def test_a_stream_is_refused_before_it_begins(guarded: Guarded) -> None:
    with (
        hythe.connect(guarded.engine.host) as client,
        client.containers.run("busybox", "echo secret") as container,
    ):
        container.wait()

        def no_answers(method: str, message: Message) -> bytes | None:
            last = method == "AuthZPlugin.AuthZRes" and "/json" not in message["RequestUri"]
            return deny("no answers") if last else None

        guarded.plugin.policy = no_answers
        for path in (
            f"/containers/{container.id}/logs?stdout=1",
            "/events?until=1",
            f"/containers/{container.id}/export",
        ):
            answer = ask(guarded.engine, "GET", f"/v1.41{path}")
            assert (answer.status, answer.message) == (
                403,
                "authorization denied by plugin judge: no answers",
            )
        answer = ask(guarded.engine, "POST", f"/v1.41/containers/{container.id}/attach?logs=1&stdout=1")
        assert (answer.status, answer.message) == (403, "authorization denied by plugin judge: no answers")
        guarded.plugin.policy = everything


def test_a_missing_plugin_refuses_from_the_first_request_on(tmp_path: Path) -> None:
    """The daemon starts, since a plugin may be a container of its own; but nobody is let in before."""
    command = [*hythe_command(tmp_path), "--authorization-plugin", "late"]
    with (tmp_path / "log").open("wb") as log:
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(lambda: b"ready" in (tmp_path / "log").read_bytes(), 60, "the daemon")
        engine = Target("hythe", f"unix://{tmp_path / 'api.sock'}", daemon.pid, tmp_path)
        refused = ask(engine, "GET", "/v1.41/containers/json")
        assert refused.status == 500 and "plugin late failed with error: " in refused.message
        assert "there is no late.sock" in refused.message
        assert b"plugin late failed" in (tmp_path / "log").read_bytes()
        with served(tmp_path / "run/plugins/late.sock"):
            assert ask(engine, "GET", "/v1.41/containers/json").json == []
    finally:
        daemon.terminate()
        daemon.wait(60)


def test_who_asks_over_tls(tmp_path: Path) -> None:
    keys, address = certificates(tmp_path / "keys"), f"tcp://127.0.0.1:{free_port()}"
    options = [f"--tls-{name}={keys / name}.pem" for name in ("ca", "cert", "key")]
    with (
        served(tmp_path / "run/plugins/judge.sock") as plugin,
        start_hythe(tmp_path, "-H", address, *options, "--authorization-plugin", "judge"),
    ):
        context = ssl.create_default_context(cafile=str(keys / "ca.pem"))
        context.load_cert_chain(keys / "cert.pem", keys / "key.pem")
        host, _, port = address.removeprefix("tcp://").partition(":")
        with (
            socket.create_connection((host, int(port)), 20) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            connection.sendall(b"GET /v1.41/version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        (request,) = [each for each in plugin.requests("/version") if "User" in each]
        assert (request["User"], request["UserAuthNMethod"]) == ("engine", "TLS")
        (shown,) = request["RequestPeerCertificates"]
        assert body({"RequestBody": shown}).startswith(b"-----BEGIN CERTIFICATE-----")
