"""docker-py 7 against a hythe daemon: sockets of attach and exec, streams, and the list of events."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from hythe.wire.stdcopy import Decoder
from tests.targets import Target

pytestmark = pytest.mark.root


@pytest.fixture
def client(target: Target) -> Iterator[Any]:
    made = target.client()
    yield made
    made.close()


def read_frames(raw: socket.socket) -> bytes:
    """All of the program's standard output until the connection ends."""
    decoder, result = Decoder(), b""
    while data := raw.recv(65536):
        result += b"".join(payload for stream, payload in decoder.feed(data) if stream == 1)
    return result


def test_attach_socket_is_closed_in_one_direction(client: Any) -> None:
    container = client.containers.create("busybox", "cat", stdin_open=True)
    try:
        connection = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
        raw = connection._sock
        container.start()
        raw.sendall(b"over the socket")
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(10)
        assert read_frames(raw) == b"over the socket"
        connection.close()
    finally:
        container.remove(force=True)


def test_exec_socket(client: Any) -> None:
    container = client.containers.run("busybox", ["sleep", "1000"], detach=True)
    try:
        assert container.exec_run(["echo", "hi"]).output == b"hi\n"
        assert container.exec_run(["sh", "-c", "exit 9"]).exit_code == 9
        id = client.api.exec_create(container.id, ["cat"], stdin=True)["Id"]
        raw = client.api.exec_start(id, socket=True)._sock
        raw.sendall(b"to exec")
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(10)
        assert read_frames(raw) == b"to exec"
        assert client.api.exec_inspect(id)["ExitCode"] == 0
    finally:
        container.remove(force=True)


def test_no_output_is_lost_however_quick_the_program(client: Any) -> None:
    container = client.containers.run("busybox", ["sleep", "1000"], detach=True)
    burner = subprocess.Popen(["busybox", "timeout", "20", "busybox", "yes"], stdout=subprocess.DEVNULL)
    try:
        outputs = [container.exec_run(["echo", "hi"]).output for _ in range(40)]
        assert outputs == [b"hi\n"] * 40
    finally:
        burner.kill()
        burner.wait()
        container.remove(force=True)


def test_run_gives_output_and_raises_on_failure(client: Any) -> None:
    assert client.containers.run("busybox", ["echo", "hello"], remove=True) == b"hello\n"
    with pytest.raises(docker.errors.ContainerError):
        client.containers.run("busybox", ["false"], remove=True)


def test_events_of_a_run(client: Any) -> None:
    events = client.api.events(decode=True, filters={"type": "container"})
    client.containers.run("busybox", ["true"], remove=True)
    seen = []
    for event in events:
        seen.append(event["Action"])
        if event["Action"] == "destroy":
            break
    events.close()
    assert [a for a in seen if a in ("create", "start", "die", "destroy")] == [
        "create",
        "start",
        "die",
        "destroy",
    ]


def test_errors_have_the_classes_of_docker_py(client: Any) -> None:
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get("nosuch")
    with pytest.raises(docker.errors.NotFound):
        client.containers.get("nosuch")
    with pytest.raises(docker.errors.APIError, match="not a swarm manager"):
        client.nodes.list()
