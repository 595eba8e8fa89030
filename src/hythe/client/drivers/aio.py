"""The driver on asyncio: a pool of idle connections, and requests on them. Its twin is `client.transport`.

One event loop uses it. A cancelled request closes its connection, so that nobody reads the answer of another.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from hythe.client import failures
from hythe.client.address import Address
from hythe.client.drivers.hijacked_aio import Hijacked
from hythe.client.drivers.http1_aio import AsyncBody, Connection
from hythe.client.http1 import Head
from hythe.client.transport import IN_PATH, UPGRADE, Json, Query, agree, encode_query, quote

__all__ = ["Answer", "AsyncBody", "Driver", "Hijacked"]


class Answer(NamedTuple):
    """A streamed answer: its headers, its body in pieces, and what closes it."""

    headers: Mapping[str, str]
    pieces: AsyncGenerator[bytes, None]
    close: Callable[[], None]


class Driver:
    """One daemon's address, and the API version spoken with it, agreed at the first request."""

    def __init__(self, address: Address, timeout: float | None = None) -> None:
        self.address = address
        self._timeout = timeout
        self._idle: list[Connection] = []
        self._version = ""

    async def aclose(self) -> None:
        """Give up the idle connections."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
            await connection.closed()

    async def version(self) -> str:
        """The agreed version, such as "1.43"."""
        if not self._version:
            head, _ = await self._exchange("GET", "/_ping", {}, None)
            self._version = agree(head.headers.get("api-version", ""))
        return self._version

    async def call(
        self, method: str, path: str, query: Query | None = None, body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # fmt: skip
        """Send a request with a JSON body, or none, and give the decoded JSON answer, or None without one."""
        fields, payload = dict(headers or {}), None
        if body is not None:
            fields["Content-Type"] = "application/json"
            payload = json.dumps(body).encode()
        _, answer = await self._exchange(method, await self._target(path, query), fields, payload)
        return json.loads(answer) if answer.strip() else None

    async def upload(self, method: str, path: str, query: Query, body: AsyncBody) -> bytes:
        """Send an archive; give the whole answer."""
        fields = {"Content-Type": "application/x-tar"}
        return (await self._exchange(method, await self._target(path, query), fields, body))[1]

    async def head(self, path: str, query: Query) -> Mapping[str, str]:
        """The headers that a HEAD request is answered with."""
        return (await self._exchange("HEAD", await self._target(path, query), {}, None))[0].headers

    async def stream(
        self, method: str, path: str, query: Query | None = None, body: AsyncBody = None,
        headers: Mapping[str, str] | None = None, *, timeout: float | None = None,
    ) -> Answer:  # fmt: skip
        """Send a request whose answer is read as it comes. Errors are raised here, before the first byte."""
        target = await self._target(path, query)
        connection, head = await self._open(method, path, target, headers or {}, body, timeout, (200, 300))
        return Answer(head.headers, connection.body(head, method), connection.close)

    async def hijack(self, path: str, query: Query | None = None, body: Json | None = None) -> Hijacked:
        """POST and take the connection over: raw bytes both ways from then on."""
        payload = json.dumps(body).encode() if body is not None else b""
        target = await self._target(path, query)
        connection, head = await self._open("POST", path, target, UPGRADE, payload, None, (101, 201))
        return Hijacked(connection, head)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def reachable(self, host: str, port: int, timeout: float) -> bool:
        """Does somebody accept a connection there?"""
        try:
            async with asyncio.timeout(timeout):
                _, writer = await asyncio.open_connection(host, port)
        except OSError:
            return False
        writer.close()
        return True

    async def _open(
        self, method: str, path: str, target: str, headers: Mapping[str, str], body: AsyncBody,
        timeout: float | None, right: tuple[int, int],
    ) -> tuple[Connection, Head]:  # fmt: skip
        """A connection of its own whose answer has begun, with a status in `right`."""
        connection = await self._connect(timeout)
        async with self._closed_on_failure(connection):
            head = await _begin(connection, method, target, headers, body)
            if not right[0] <= head.status < right[1]:
                answer = b"".join([piece async for piece in connection.body(head, method)])
                raise failures.from_answer(head.status, head.reason, answer, f"{method} {path}")
        return connection, head

    async def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: AsyncBody
    ) -> tuple[Head, bytes]:
        connection = await self._take()
        async with self._closed_on_failure(connection):
            head = await _begin(connection, method, target, headers, body)
            answer = b"".join([piece async for piece in connection.body(head, method)])
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.close()
        if head.status >= 300:
            raise failures.from_answer(head.status, head.reason, answer, f"{method} {target}")
        return head, answer

    @asynccontextmanager
    async def _closed_on_failure(self, connection: Connection) -> AsyncIterator[None]:
        try:
            yield
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError):
                raise failures.from_connect(error, self.address) from error
            raise

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.stale():
                return connection
            connection.close()
        return await self._connect(self._timeout)

    async def _connect(self, timeout: float | None) -> Connection:
        try:
            return await Connection.open(self.address, timeout)
        except OSError as error:
            raise failures.from_connect(error, self.address) from error

    async def _target(self, path: str, query: Query | None) -> str:
        return f"/v{await self.version()}{quote(path, IN_PATH)}{encode_query(query or {})}"


async def _begin(
    connection: Connection, method: str, target: str, headers: Mapping[str, str], body: AsyncBody
) -> Head:
    """Send a request; the head of its answer, also where the daemon refuses the body before reading all of it."""
    try:
        await connection.send(method, target, headers, body)
    except (BrokenPipeError, ConnectionResetError):
        return await connection.receive()
    return await connection.receive()
