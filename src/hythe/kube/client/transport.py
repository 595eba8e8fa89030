"""Requests on a pool of kept-alive connections, with the server's wish to wait honoured.

`exchange` sends one request and gives the whole answer; `stream` gives the answer's body as it comes, on a connection
of its own. A server that is overloaded answers 429, or 503, with Retry-After: the request is sent again after that
time, up to ten times, as client-go does. A kept-alive connection that ended while a reading request was under way is
replaced once; a writing request is not repeated, for nobody knows whether it was carried out.

A cancelled request closes its connection, so that nobody reads the answer of another. Kept out: what a status means.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from hythe.errors import Denied, Unavailable
from hythe.kube.client.clock import Clock, SystemClock
from hythe.kube.client.connection import Connection, Endpoint
from hythe.kube.client.framing import Head, request

_ATTEMPTS: Final = 10
_LONGEST_WAIT: Final = 60.0
_MAX_IDLE: Final = 16


class Request(NamedTuple):
    """`target` is quoted already."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None = None


class Answer(NamedTuple):
    head: Head
    body: bytes


class Transport:
    """One server. `timeout` in seconds bounds a whole exchange and, of a stream, the time until its head."""

    def __init__(
        self, endpoint: Endpoint, *, headers: dict[str, str] | None = None, timeout: float = 60.0,
        connections: int = 64, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self.endpoint = endpoint
        self._headers = headers or {}
        self._timeout = timeout
        self._clock = clock or SystemClock()
        self._idle: list[Connection] = []
        self._room = asyncio.Semaphore(connections)

    def close(self) -> None:
        """Give up the idle connections."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    async def exchange(self, asked: Request) -> Answer:
        """Raises Unavailable when there is no answer, and TimeoutError's cause within it when it takes too long."""
        for _ in range(_ATTEMPTS):
            async with self._room:
                answer = await self._once(asked)
            wait = _retry_after(answer.head)
            if wait is None:
                return answer
            await self._clock.sleep(wait)
        return answer

    @asynccontextmanager
    async def stream(self, asked: Request) -> AsyncIterator[tuple[Head, AsyncIterator[bytes]]]:
        """The head, and the body in pieces as they arrive; an error within the body raises Unavailable."""
        async with self._failures():
            async with asyncio.timeout(self._timeout):
                connection = await Connection.open(self.endpoint)
                try:
                    head = await connection.begin(self._bytes(asked))
                except BaseException:
                    connection.close()
                    raise
        try:
            yield head, self._pieces(connection)
        finally:
            connection.close()

    async def _pieces(self, connection: Connection) -> AsyncIterator[bytes]:
        async with self._failures():
            while piece := await connection.read():
                yield piece

    async def _once(self, asked: Request) -> Answer:
        async with self._failures(), asyncio.timeout(self._timeout):
            while self._idle:
                connection = self._idle.pop()
                if not connection.alive:
                    continue
                try:
                    return await self._on(connection, asked)
                except ConnectionResetError:
                    if asked.method != "GET":
                        raise
            return await self._on(await Connection.open(self.endpoint), asked)

    async def _on(self, connection: Connection, asked: Request) -> Answer:
        try:
            head = await connection.begin(self._bytes(asked))
            pieces: list[bytes] = []
            while piece := await connection.read():
                pieces.append(piece)
        except BaseException:
            connection.close()
            raise
        if connection.reusable and len(self._idle) < _MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return Answer(head, b"".join(pieces))

    def _bytes(self, asked: Request) -> bytes:
        headers = {**self._headers, **asked.headers}
        return request(asked.method, asked.target, self.endpoint.authority, headers, asked.body)

    @asynccontextmanager
    async def _failures(self) -> AsyncIterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise Denied(
                f"the certificate of {self.endpoint} is not trusted: {error.verify_message}"
            ) from error
        except TimeoutError as error:
            raise Unavailable(f"{self.endpoint} does not answer") from error
        except OSError as error:
            raise Unavailable(f"cannot reach {self.endpoint}: {error.strerror or error}") from error


def _retry_after(head: Head) -> float | None:
    """Seconds that the server asks to wait before the request is sent again; None: it does not ask."""
    text = head.headers.get("retry-after", "")
    if head.status not in (429, 500, 502, 503, 504) or not text.isdigit():
        return None
    return min(float(text), _LONGEST_WAIT)
