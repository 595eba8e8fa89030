"""HTTP/1.1 from the server's side, as little as this API needs: a head in, an answer out, or the bare connection.

A request's body is never wanted here, so none is read. An answer is sent whole, or in chunks as it comes to be; one
connection carries several requests if the client lets it.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from hythe.errors import HytheError

LARGEST_HEAD = 64 * 1024


class Refused(HytheError):
    """Answered with `code` and the message as plain text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Request(NamedTuple):
    """`raw` is the head as it came, without its first line and the empty one; `query` keeps repeated names."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    raw: list[str]

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def truth(self, name: str) -> bool:
        return self.one(name).lower() in ("1", "true", "t", "yes")


class Exchange:
    """One request on a connection, and its answer."""

    def __init__(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.reader = reader
        self.writer = writer
        self.answered = False
        self.keep = request.headers.get("connection", "").lower() != "close"

    async def answer(self, body: bytes, kind: str = "text/plain; charset=utf-8", code: int = 200) -> None:
        """The whole answer."""
        self.answered = True
        self.writer.write(self._head(code, kind, f"Content-Length: {len(body)}") + body)
        await self.writer.drain()

    async def begin(self, kind: str = "text/plain; charset=utf-8") -> None:
        """An answer in chunks: `send`, and `end`."""
        self.answered = True
        self.writer.write(self._head(200, kind, "Transfer-Encoding: chunked"))
        await self.writer.drain()

    async def send(self, piece: bytes) -> None:
        if piece:
            self.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await self.writer.drain()

    async def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    def _head(self, code: int, kind: str, length: str) -> bytes:
        lines = [f"HTTP/1.1 {code} {HTTPStatus(code).phrase}", f"Content-Type: {kind}", length]
        if not self.keep:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode()


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """None at the end of the connection. Raises ValueError for what is no request."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except asyncio.LimitOverrunError as error:
        raise ValueError("the request's head is too long") from error
    first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
    method, target, _ = first.split(" ", 2)
    url = urlsplit(target)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    query = parse_qs(url.query, keep_blank_values=True)
    return Request(method, unquote(url.path), query, headers, lines)
