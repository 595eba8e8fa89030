"""A client that speaks SPDY/3.1 as client-go does, for tests: blocking, on a plain socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from hythe.wire import spdy
from tests.waiting import PATIENCE


class SpdyClient:
    """`head` is the answer to the request for an upgrade."""

    def __init__(self, connection: socket.socket, head: str) -> None:
        self.head = head
        self._socket, self._framer, self._next = connection, spdy.Framer(), 1
        self.received: dict[int, bytes] = {}
        self.ended: set[int] = set()
        self.pongs: list[int] = []
        self.over = False

    def open(self, kind: str, **headers: str) -> int:
        number, self._next = self._next, self._next + 2
        self.received[number] = b""
        self.write(self._framer.syn_stream(number, {"streamtype": kind, **headers}))
        return number

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send(self, stream: int, data: bytes, *, last: bool = False) -> None:
        self.write(spdy.Framer.data(stream, data, fin=last))

    def read(self) -> None:
        """Something more, or the end."""
        data = self._socket.recv(1 << 16)
        self.over = self.over or not data
        for event in self._framer.feed(data):
            if isinstance(event, spdy.Data):
                self.received[event.stream] += event.data
                if event.fin:
                    self.ended.add(event.stream)
            elif isinstance(event, spdy.Ping):
                self.pongs.append(event.number)
            elif isinstance(event, spdy.Reset):
                self.ended.add(event.stream)
            elif isinstance(event, spdy.GoAway):
                self.over = True

    def until_over(self) -> None:
        while not self.over:
            self.read()

    def until_ended(self, *streams: int) -> None:
        while not self.over and not self.ended.issuperset(streams):
            self.read()

    def until(self, stream: int, text: bytes) -> None:
        while not self.over and text not in self.received[stream]:
            self.read()
        assert text in self.received[stream], self.received


@contextmanager
def spdy_client(url: str, *protocols: str) -> Iterator[SpdyClient]:
    parts = urlsplit(url)
    asked = "".join(f"X-Stream-Protocol-Version: {one}\r\n" for one in protocols)
    with socket.create_connection((parts.hostname or "", parts.port or 0), 20 * PATIENCE) as connection:
        connection.sendall(
            f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n{asked}\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = connection.recv(1)
            if not piece:
                break
            head += piece
        yield SpdyClient(connection, head.decode())
