"""Attach over a websocket, for browsers: the streams of a container as the messages of one connection.

The engine gives the runtime a socket that speaks bytes, so here stands a pair of sockets between the two, and what
comes out of one is put into the other. As dockerd has it, output is not multiplexed: both streams come as they are, in
binary messages since version 1.28 and as text before. A message of the client is input, of either kind.

A browser sends a page's origin with the request, and pages of strangers may open websockets to any address that the
browser reaches. Whoever sends an origin must therefore be a page of this very host.
"""

from __future__ import annotations

import asyncio
import codecs
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from hythe.api.docker.headers import HEADERS
from hythe.errors import Denied, InvalidArgument
from hythe.wire import stdcopy

if TYPE_CHECKING:
    from hythe.api.docker.call import Call

MAX_MESSAGE: Final = 1024 * 1024
_PIECE: Final = 64 * 1024
_BINARY_SINCE: Final = (1, 28)


async def accept(call: Call) -> web.WebSocketResponse:
    """Answer with 101. Raises InvalidArgument for what is no websocket's request, Denied for a page of others."""
    request = call.request
    origin = request.headers.get("Origin", "")
    if origin and urlsplit(origin).netloc != request.headers.get("Host", ""):
        raise Denied(f"a page of {origin} may not attach to containers")
    client = web.WebSocketResponse(max_msg_size=MAX_MESSAGE)
    client.headers.update(HEADERS)
    if request.method != "GET" or not client.can_prepare(request):
        raise InvalidArgument("not websocket protocol", hint="POST /containers/ID/attach needs none")
    await call.answering(101, client.headers)
    await client.prepare(request)
    return client


async def exchange(call: Call, client: web.WebSocketResponse, ours: socket.socket, *, tty: bool) -> None:
    """Pass on both ways until the container's streams or the client are at an end."""
    ours.setblocking(False)
    ways = {
        asyncio.ensure_future(_input(client, ours)),
        asyncio.ensure_future(_output(call, client, ours, tty)),
    }
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    await client.close()


async def _input(client: web.WebSocketResponse, ours: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    async for message in client:
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            data = message.data.encode() if isinstance(message.data, str) else message.data
            await loop.sock_sendall(ours, data)


async def _output(call: Call, client: web.WebSocketResponse, ours: socket.socket, tty: bool) -> None:
    loop = asyncio.get_running_loop()
    frames = None if tty else stdcopy.Decoder()
    text = codecs.getincrementaldecoder("utf-8")("replace")
    while data := await loop.sock_recv(ours, _PIECE):
        pieces: Iterable[bytes] = (data,) if frames is None else (piece for _, piece in frames.feed(data))
        for piece in pieces:
            if call.version < _BINARY_SINCE:
                await client.send_str(text.decode(piece))
            else:
                await client.send_bytes(piece)
