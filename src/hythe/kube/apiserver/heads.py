"""HTTP/1.1 heads and bodies as bytes, as far as a tunnel must understand them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from aiohttp import web

from hythe.kube.apiserver.kubelets import Place

_BLOCK: Final = 64 * 1024
_HOP: Final = frozenset(
    {
        "authorization", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "te",
        "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_STREAMING: Final = frozenset(
    {
        "accept", "accept-encoding", "content-type", "sec-websocket-extensions", "sec-websocket-key",
        "sec-websocket-protocol", "sec-websocket-version", "user-agent", "x-stream-protocol-version",
    }
)  # fmt: skip


class Head(NamedTuple):
    """An answer's head: `raw` as it came, headers with lower-case names."""

    status: int
    headers: dict[str, str]
    raw: bytes


def request_head(request: web.BaseRequest, target: str, place: Place, *, upgrade: bool, whole: bool) -> bytes:
    """The head to send on; nothing in it says who asks. `whole`: all headers that are not about the connection."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}:{place.port}"]
    for name, value in request.headers.items():
        low = name.lower()
        if (low in _STREAMING or whole) and low not in _HOP:
            lines.append(f"{name}: {value}")
    if upgrade:
        lines += ["Connection: Upgrade", f"Upgrade: {request.headers.get('Upgrade', '')}"]
    else:
        lines.append("Connection: close")
    if not upgrade and request.can_read_body:
        lines.append("Transfer-Encoding: chunked")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Raises ValueError for what is no head, IncompleteReadError, LimitOverrunError."""
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *rest = raw.decode("latin-1").split("\r\n")
    _, status, *_ = first.split(" ", 2)
    headers = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return Head(int(status), headers, raw)


async def body_of(head: Head, method: str, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The body behind a head, as it comes."""
    if method == "HEAD" or head.status in (204, 304):
        return
    if "chunked" in head.headers.get("transfer-encoding", "").lower():
        async for chunk in _chunks(reader):
            yield chunk
        return
    left = int(head.headers.get("content-length", -1))
    while left:
        data = await reader.read(_BLOCK if left < 0 else min(left, _BLOCK))
        if not data:
            return
        left -= len(data) if left > 0 else 0
        yield data


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        size = int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16)
        if size == 0:
            return
        left = size
        while left:
            data = await reader.read(min(left, _BLOCK))
            if not data:
                return
            left -= len(data)
            yield data
        await reader.readexactly(2)
