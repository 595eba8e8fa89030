"""The driver on plain sockets: `client.transport`, which the command line uses too, under the names of a driver."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple

from hythe.client import hijack
from hythe.client.address import Address
from hythe.client.http1 import Body
from hythe.client.transport import Json, Query, Transport

__all__ = ["Answer", "Body", "Driver", "Hijacked"]


class Answer(NamedTuple):
    """A streamed answer: its headers, its body in pieces, and what closes it."""

    headers: Mapping[str, str]
    pieces: Generator[bytes, None, None]
    close: Callable[[], None]


class Driver:
    """One daemon's address, and the API version spoken with it, agreed at the first request. Thread-safe."""

    def __init__(self, address: Address, timeout: float | None = None) -> None:
        self.address = address
        self._transport = Transport(address, timeout)
        self.close = self._transport.close
        self.upload, self.head = self._transport.upload, self._transport.head

    def version(self) -> str:
        """The agreed version, such as "1.43"."""
        return self._transport.version

    def call(
        self, method: str, path: str, query: Query | None = None, body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # fmt: skip
        """Send a request with a JSON body, or none, and give the decoded JSON answer, or None without one."""
        return self._transport.call(method, path, query, body, headers)

    def stream(
        self, method: str, path: str, query: Query | None = None, body: Body = None,
        headers: Mapping[str, str] | None = None, *, timeout: float | None = None,
    ) -> Answer:  # fmt: skip
        """Send a request whose answer is read as it comes. Errors are raised here, before the first byte."""
        head, pieces = self._transport.stream(method, path, query, body, headers, timeout=timeout)
        return Answer(head.headers, pieces, pieces.close)

    def hijack(self, path: str, query: Query | None = None, body: Json | None = None) -> Hijacked:
        """POST and take the connection over: raw bytes both ways from then on."""
        return Hijacked(self._transport.hijack(path, query, body))

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def reachable(self, host: str, port: int, timeout: float) -> bool:
        """Does somebody accept a connection there?"""
        try:
            socket.create_connection((host, port), timeout).close()
        except OSError:
            return False
        return True


class Hijacked:
    """A connection that carries a program's input and output (`client.hijack`)."""

    def __init__(self, connection: hijack.Hijacked) -> None:
        self._connection = connection
        self.content_type = connection.content_type
        self.pieces, self.end_input = connection.pieces, connection.end_input
        self.close = connection.close

    def write(self, data: bytes) -> None:
        self._connection.write(data)

    def pour(self, data: bytes) -> None:
        """Write all of it and end the input, while the caller reads."""
        threading.Thread(target=self._pour, args=(data,), daemon=True).start()

    def _pour(self, data: bytes) -> None:
        try:
            self._connection.write(data)
        except (OSError, ValueError):
            return  # the program does not read any more, or the caller; the output says why
        self._connection.end_input()
