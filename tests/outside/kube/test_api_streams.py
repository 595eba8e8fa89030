"""exec, attach, port-forward and logs: what a client and a kubelet say to each other through the server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.outside.kube.api import Api, pod
from tests.outside.kube.kubelet import Door, opened
from tests.outside.kube.server import Server
from tests.waiting import PATIENCE


@pytest.fixture
def door(server: Server, tmp_path: Path) -> Iterator[Door]:
    with opened(server.folder / "data" / "pki", tmp_path) as door:
        yield door


@pytest.fixture
def path(api: Api, room: str, door: Door) -> Iterator[str]:
    """A pod on a node whose kubelet is the door."""
    name = room.rpartition("/")[2]
    api.ok("POST", "/api/v1/nodes", {"metadata": {"name": name}})
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": door.port}},
    }
    api.ok("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, kind="application/merge-patch+json")
    api.ok("POST", f"{room}/pods", pod("one", nodeName=name))
    yield f"{room}/pods/one"
    api.ok("DELETE", f"/api/v1/nodes/{name}")


@contextmanager
def upgraded(api: Api, request: bytes) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30 * PATIENCE)
        connection.connect(str(api.path))
        connection.sendall(request)
        yield connection


def _head(method: str, path: str, upgrade: str, *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: Upgrade", f"Upgrade: {upgrade}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def _until(connection: socket.socket, end: bytes) -> bytes:
    found = b""
    while end not in found:
        data = connection.recv(65536)
        assert data, found
        found += data
    return found


SPDY = ("POST", "SPDY/3.1", "X-Stream-Protocol-Version: v4.channel.k8s.io", "Authorization: Bearer secret")
WEBSOCKET = (
    "GET",
    "websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: v5.channel.k8s.io",
)


@pytest.mark.parametrize("kind", [SPDY, WEBSOCKET], ids=["spdy", "websocket"])
def test_a_stream_is_passed_on_byte_for_byte(api: Api, path: str, kind: tuple[str, ...]) -> None:
    method, upgrade, *headers = kind
    asked = f"{path}/exec?command=sh&command=-c&stdin=true&stdout=true&stderr=true"
    with upgraded(api, _head(method, asked, upgrade, *headers)) as connection:
        said = _until(connection, b"\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 101 "), said
        forwarded = said.partition(b"\r\n\r\n")[2] or _until(connection, b"\r\n\r\n")
        namespace = path.split("/")[4].encode()
        assert forwarded.startswith(
            method.encode()
            + b" /exec/"
            + namespace
            + b"/one/a?input=1&output=1&error=1&command=sh&command=-c HTTP/1.1"
        )
        assert b"secret" not in forwarded
        assert headers[-1].encode() in forwarded or headers[0].encode() in forwarded
        _echoes(connection, bytes(range(256)) * 4096)


def _echoes(connection: socket.socket, data: bytes) -> None:
    """A megabyte goes out while it comes back."""
    sending = threading.Thread(target=connection.sendall, args=(data,))
    sending.start()
    found = bytearray()
    while len(found) < len(data):
        found += connection.recv(65536)
    sending.join()
    assert bytes(found) == data


def test_a_log_is_passed_on_as_it_comes(api: Api, path: str, door: Door) -> None:
    request = f"GET {path}/log?follow=true HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with upgraded(api, request) as connection:
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.getheader("Content-Type")) == (200, "text/plain")
        assert [answer.readline() for _ in range(3)] == [b"line\n"] * 3
        answer.close()
    assert door.left.wait(30 * PATIENCE), "the kubelet still writes to a reader who has left"


def test_what_is_refused_before_a_kubelet_is_asked(api: Api, room: str, path: str) -> None:
    api.ok("POST", f"{room}/pods", pod("nowhere"))
    assert (
        "does not have a host assigned" in api("GET", f"{room}/pods/nowhere/attach?stdout=1").body["message"]
    )
    assert api("GET", f"{room}/pods/nowhere/log").code == 204
    assert api("GET", f"{path}/exec?stdout=1").code == 422
    assert api("GET", f"{path}/exec?command=a").code == 400
    bad = api("GET", f"{path}/log?container=b")
    assert (bad.code, bad.body["message"]) == (400, "container b is not valid for pod one")
    assert api("GET", f"{path}/log?tailLines=-1").code == 422


def test_a_proxy_does_not_lead_to_the_servers_own_host(api: Api, room: str, path: str) -> None:
    merge = "application/merge-patch+json"
    for address in ("127.0.0.1", "169.254.169.254", "0.0.0.0"):
        api.ok("PATCH", f"{path}/status", {"status": {"podIP": address}}, kind=merge)
        refused = api("GET", f"{path}/proxy/")
        assert (refused.code, refused.body["message"]) == (400, "address not allowed")
    assert api("GET", f"{room}/services/nothing/proxy/").code == 404
