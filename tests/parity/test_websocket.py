"""Attach over a websocket, spoken here byte by byte (RFC 6455)."""

from __future__ import annotations

import base64
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.parity.raw import connect
from tests.parity.serving import idle
from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

TEXT, BINARY, CLOSE = 1, 2, 8


@contextmanager
def attached(
    target: Target, name: str, query: str, *headers: str, version: str = "v1.41"
) -> Iterator[tuple[str, socket.socket]]:
    """(status line, the connection behind the answer's head)."""
    lines = [
        f"GET /{version}/containers/{name}/attach/ws?{query} HTTP/1.1", "Host: engine", "Connection: Upgrade",
        "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", *headers,
    ]  # fmt: skip
    with connect(target) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = connection.recv(1)
            assert byte, head
            head += byte
        yield head.decode().splitlines()[0], connection


def exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        assert piece, "the connection has ended"
        data += piece
    return data


def frame(connection: socket.socket) -> tuple[int, bytes]:
    """One message of the engine: (opcode, data)."""
    first, second = exactly(connection, 2)
    length = second & 127
    if length == 126:
        (length,) = struct.unpack(">H", exactly(connection, 2))
    return first & 15, exactly(connection, length)


def send(connection: socket.socket, data: bytes, opcode: int = BINARY) -> None:
    """One message of a client, which are all masked; the mask here is zero."""
    connection.sendall(bytes([128 | opcode, 128 | len(data)]) + bytes(4) + data)


def until(connection: socket.socket, wanted: bytes) -> set[int]:
    """Read until `wanted` has come; the opcodes it came with."""
    seen, opcodes = b"", set()
    while wanted not in seen:
        opcode, data = frame(connection)
        assert opcode in (TEXT, BINARY), (opcode, data, seen)
        opcodes.add(opcode)
        seen += data
    return opcodes


def talker(target: Target, *options: str) -> None:
    made = target.docker(
        "run", "-d", "-i", "--name", "talker", *options, "busybox", "sh", "-c", "cat; echo over; sleep 1000"
    )
    assert made.code == 0, made.err


@pytest.mark.parametrize("options", [(), ("-t",)])
def test_input_comes_back(target: Target, options: tuple[str, ...]) -> None:
    talker(target, *options)
    with attached(target, "talker", "stream=1&stdin=1&stdout=1&stderr=1") as (status, connection):
        assert status.startswith("HTTP/1.1 101 ")
        send(connection, b"one\n")
        assert until(connection, b"one") == {BINARY}
        send(connection, b"two\n", TEXT)
        until(connection, b"two")
    assert target.inspect("talker")["State"]["Running"]


def test_the_log_comes_first(target: Target) -> None:
    target.docker("run", "-d", "--name", "talker", "busybox", "sh", "-c", "echo before; sleep 1000")
    target.docker("logs", "talker")
    with attached(target, "talker", "logs=1&stream=1&stdout=1") as (_, connection):
        until(connection, b"before\n")


def test_old_clients_get_text(target: Target) -> None:
    talker(target)
    with attached(target, "talker", "stream=1&stdin=1&stdout=1", version="v1.27") as (_, connection):
        send(connection, b"one\n")
        assert until(connection, b"one\n") == {TEXT}


def test_the_end_of_the_container_is_the_end_of_the_connection(target: Target) -> None:
    target.docker("run", "-d", "-i", "--name", "talker", "busybox", "sh", "-c", "read x; echo got $x")
    with attached(target, "talker", "stream=1&stdin=1&stdout=1") as (_, connection):
        send(connection, b"it\n")
        until(connection, b"got it\n")
        rest = connection.recv(100)
        assert rest == b"" or rest[0] & 15 == CLOSE


def test_what_is_no_websocket(target: Target) -> None:
    idle(target, "quiet")
    with connect(target) as connection:
        connection.sendall(b"GET /v1.41/containers/quiet/attach/ws?stream=1 HTTP/1.1\r\nHost: engine\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
