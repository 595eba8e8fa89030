"""Bodies of API requests that are empty, broken, huge or of the wrong shape (CVE-2024-41110 and its kin)."""

from __future__ import annotations

import json
import os
import signal
import socket

import pytest

from tests.targets import Target
from tests.waiting import PATIENCE

pytestmark = pytest.mark.root

CREATE = "/v1.43/containers/create"
JSON = {"Content-Type": "application/json"}


def connect(engine: Target) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(engine.host.removeprefix("unix://"))  # waits while the daemon has yet to accept others
    connection.settimeout(20)
    return connection


def request(
    engine: Target, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> int:
    """Send it as it stands, also what no client would send; the status of the answer, 0 for none."""
    fields = {"Host": "x", "Connection": "close", "Content-Length": str(len(body)), **JSON, **(headers or {})}
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(
        f"{key}: {value}\r\n" for key, value in fields.items() if value
    )
    answer = b""
    with connect(engine) as connection:
        try:
            connection.sendall(head.encode() + b"\r\n" + body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it answered before all was sent
        try:
            while b"\r\n" not in answer and (data := connection.recv(4096)):
                answer += data
        except ConnectionResetError:
            pass
    return int(answer.split()[1]) if answer else 0


def containers(engine: Target) -> str:
    return engine.docker("ps", "-aq").out


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"null", b"[]", b"1", b'"x"', b"{", b'{"Image": "busybox"', b"\xff\xfe{}", b"{}", b'{"Image": ""}',
        b'{"Image": 5}', b'{"Image": "busybox", "Cmd": {"a": 1}}', b'{"Image": "busybox", "HostConfig": []}',
        b'{"Image": "busybox", "HostConfig": {"Memory": "much"}}',
        b'{"Image": "busybox", "HostConfig": {"Memory": 1e400}}',
        b'{"Image": "busybox", "HostConfig": {"Memory": -5}}', b'{"Image": "busybox", "Env": [5]}',
        b'{"Image": "busybox", "HostConfig": {"Binds": ["a\\u0000b:/x"]}}', b'{"Image": "busybox"} trailing',
        b'{"Image": "../../etc/passwd"}', b"[" * 200_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
)  # fmt: skip
def test_a_container_is_made_of_sound_bodies_only(engine: Target, body: bytes) -> None:
    before = containers(engine)
    assert 400 <= request(engine, "POST", CREATE, body) < 500
    assert containers(engine) == before


def test_a_body_that_is_larger_than_any_request_is_cut_off(engine: Target) -> None:
    body = b'{"Image": "busybox", "Labels": {"k": "' + b"x" * (64 << 20) + b'"}}'
    assert request(engine, "POST", CREATE, body) in (400, 413)
    declared = {"Content-Length": str(1 << 50)}
    assert request(engine, "POST", CREATE, b"{}", declared) in (0, 400, 413)
    assert containers(engine) == ""


def test_the_length_cannot_be_told_twice(engine: Target) -> None:
    """Request smuggling: both a length and chunks, or two lengths."""
    sound = json.dumps({"Image": "busybox", "Cmd": ["true"]}).encode()
    chunked = b"0\r\n\r\n" + sound
    assert request(engine, "POST", CREATE, chunked, {"Transfer-Encoding": "chunked"}) in (400, 0)
    assert request(engine, "POST", CREATE, sound, {"content-length": "2"}) in (400, 0)
    assert containers(engine) == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1.43/containers/../../etc/passwd/start"), ("GET", "/v1.43/containers/%2e%2e%2f%2e%2e/json"),
        ("GET", "/v1.43/images/%00/json"), ("POST", "/v1.43/containers/create?name=../../x"),
        ("POST", "/v1.43/volumes/create"), ("POST", "/v1.43/networks/create"), ("GET", "/v9.99/containers/json"),
        ("GET", "/v1.43/containers/json?filters=%7B"), ("GET", "/v1.43/containers/json?limit=x"),
        ("GET", "/" + "a" * 100_000), ("POST", "/v1.43/images/load"), ("POST", "/v1.43/build"),
        ("DELETE", "/v1.43/volumes/..%2f..%2fetc"), ("POST", "/v1.43/exec/nosuch/start"), ("BREW", "/v1.43/info"),
    ],
)  # fmt: skip
def test_paths_and_queries(engine: Target, method: str, path: str) -> None:
    status = request(engine, method, path, b"junk" if method == "POST" else b"")
    assert 400 <= status < 500 or (status == 200 and path.endswith(("/load", "/build"))), status


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "a\n", "-a", "a b", "é"])
def test_names_are_names(engine: Target, name: str) -> None:
    for command in (["create", f"--name={name}", "busybox"], ["volume", "create", "--", name]):
        assert engine.docker(*command).code != 0, command


def test_many_slow_and_silent_clients_do_not_stop_the_others(engine: Target) -> None:
    held = [connect(engine) for _ in range(200)]
    try:
        for connection in held[::2]:
            connection.sendall(
                b"POST /v1.43/containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
            )
        run = engine.docker("run", "--rm", "busybox", "echo", "served")
        assert run.out == "served\n", run.err
    finally:
        for connection in held:
            connection.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"GET /inf", b""),
        (
            b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
            b"HTTP/1.1 400 ",
        ),
    ],
)
def test_a_client_has_a_time_to_say_what_it_wants(engine: Target, sent: bytes, answer: bytes) -> None:
    with connect(engine) as connection:
        connection.settimeout(60 * PATIENCE)
        connection.sendall(sent)
        try:
            assert connection.recv(1000).startswith(answer)
        except ConnectionResetError:
            assert answer == b""


def test_clients_that_do_not_read_their_archives_do_not_stop_the_others(engine: Target) -> None:
    """Each keeps a writer busy that waits for it; there were as many threads as processors, and then none."""
    made = engine.docker("create", "--name", "big", "busybox")
    held = [connect(engine) for _ in range(60)]
    try:
        for number, connection in enumerate(held):
            path = "containers/big/export" if number % 2 else "images/busybox/get"
            connection.sendall(f"GET /v1.43/{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert held[0].recv(1) == b"H"
        run = engine.docker("run", "--rm", "busybox", "echo", "served")
        assert run.out == "served\n", run.err
    finally:
        for connection in held:
            connection.close()
    assert len(engine.docker("export", made.out.strip()).out) > 0


def test_a_rush_of_clients_waits_to_be_let_in(engine: Target) -> None:
    """Who connects without blocking, as docker does, is refused at once where there is no room to wait."""
    held: list[socket.socket] = []
    os.kill(engine.pid, signal.SIGSTOP)
    try:
        for _ in range(1000):
            held.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
            held[-1].connect(engine.host.removeprefix("unix://"))
    finally:
        os.kill(engine.pid, signal.SIGCONT)
        for connection in held:
            connection.close()
