"""One connection to an API server: an asyncio protocol that sends a request and reads its answer.

`begin` gives the answer's head, `read` the body's pieces. asyncio's streams would do, but they copy every byte twice
and take a task switch a line; here a small answer costs one wake-up. When the peer closes an idle connection, `alive`
knows it before the next request. A reader that is slow pauses the socket, so a watch never fills the memory.

Kept out: HTTP's syntax (`framing`), which connection is used when (`transport`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from typing import Final, NamedTuple

from hythe.errors import Unavailable
from hythe.kube.client.framing import Head, Reader

_MUCH: Final = 1024 * 1024
_OPTIONS: Final = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000),
)
"""A server whose machine is gone is noticed within 30 s, though a watch says nothing for minutes."""


class Endpoint(NamedTuple):
    """Where a server is: `path` of a unix socket, or `host` and `port`, with TLS where `tls` is given."""

    path: str = ""
    host: str = ""
    port: int = 0
    tls: ssl.SSLContext | None = None
    server_name: str = ""

    @property
    def authority(self) -> str:
        """The Host header."""
        if self.path:
            return "localhost"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"unix://{self.path}" if self.path else f"{'https' if self.tls else 'http'}://{self.authority}"


class Connection(asyncio.Protocol):
    """For one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._reader = Reader()
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._lost = False

    @classmethod
    async def open(cls, endpoint: Endpoint) -> Connection:
        """Raises OSError, ssl.SSLError among them."""
        loop = asyncio.get_running_loop()
        if endpoint.path:
            return (await loop.create_unix_connection(cls, endpoint.path))[1]
        name = (endpoint.server_name or endpoint.host) if endpoint.tls else None
        return (
            await loop.create_connection(
                cls, endpoint.host, endpoint.port, ssl=endpoint.tls, server_hostname=name
            )
        )[1]

    @property
    def alive(self) -> bool:
        """Can another request be sent?"""
        return not self._lost and self._transport is not None and not self._transport.is_closing()

    @property
    def reusable(self) -> bool:
        return self.alive and not self._pieces and self._reader.reusable

    def close(self) -> None:
        """At once: what has not been sent is dropped."""
        if self._transport is not None:
            self._transport.abort()

    async def begin(self, request: bytes) -> Head:
        """Send a request; the head of its answer."""
        if self._transport is None or not self.alive:
            raise ConnectionResetError("the connection has ended")
        self._reader, self._error = Reader(), None
        self._transport.write(request)
        while self._reader.head is None:
            await self._arrival()
        return self._reader.head

    async def read(self) -> bytes:
        """The next piece of the body, b"" at its end. Raises ConnectionResetError when it was cut short."""
        while not self._pieces:
            if self._reader.complete:
                return b""
            await self._arrival()
        piece = self._pieces.popleft()
        self._held -= len(piece)
        if self._transport is not None and self._held < _MUCH and not self._transport.is_closing():
            self._transport.resume_reading()
        return piece

    async def _arrival(self) -> None:
        if self._error is not None:
            raise self._error
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        plain = transport.get_extra_info("socket")
        if plain is not None and plain.family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError):
                for level, option, value in _OPTIONS:
                    plain.setsockopt(level, option, value)

    def data_received(self, data: bytes) -> None:
        try:
            pieces = self._reader.feed(data)
        except Unavailable as error:
            self._fail(error)
            self.close()
            return
        self._pieces.extend(pieces)
        self._held += sum(map(len, pieces))
        if self._held >= _MUCH and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        try:
            self._reader.end()
        except ConnectionResetError as error:
            self._fail(exc or error)
        self._wake()

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
