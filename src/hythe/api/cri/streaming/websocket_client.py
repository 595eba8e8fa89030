"""The other end speaks WebSocket: messages, channels on them, or a tunnel of bare bytes through them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from hythe.api.cri.streaming.client import Bytes, Input, Left, Resize
from hythe.errors import InvalidArgument
from hythe.wire import channels, websocket
from hythe.wire.channels import Channels

_QUEUED = 64
"""Messages that wait for one forwarded connection before nothing more is read."""


class WebSocket:
    """Messages over `below`, which is past the handshake."""

    def __init__(self, below: Bytes) -> None:
        self._below, self._framer = below, websocket.Framer()
        self._closed = False

    async def messages(self) -> AsyncIterator[bytes]:
        """Until the client closes or leaves. Raises InvalidArgument; the client has been told then."""
        while data := await self._below.read():
            try:
                for event in self._framer.feed(data):
                    if isinstance(event, websocket.Message):
                        yield event.data
                    elif isinstance(event, websocket.Ping):
                        await self._below.write(websocket.pong(event.data))
                    elif isinstance(event, websocket.Close):
                        await self.close()
                        return
            except websocket.Violation as error:
                await self.close(error.code)
                raise

    async def send(self, data: bytes, *, text: bool = False) -> None:
        await self._below.write(websocket.message(data, text=text))

    async def close(self, code: int = websocket.NORMAL) -> None:
        if not self._closed:
            self._closed = True
            try:
                await self._below.write(websocket.close(code))
            except Left:
                return


class WebSocketExec:
    """`ExecClient` on channels."""

    def __init__(self, socket: WebSocket, protocol: Channels) -> None:
        self._socket, self._protocol = socket, protocol

    async def greet(self, stream: int) -> None:
        """An empty message says that the streams are there."""
        await self.send(stream, b"")

    async def events(self) -> AsyncIterator[Input | Resize]:
        async for message in self._socket.messages():
            channel, data = self._protocol.decode(message)
            if channel == channels.STDIN:
                yield Input(data)
            elif channel == channels.RESIZE:
                yield Resize(*channels.size(data))
            elif channel == channels.CLOSE and self._protocol.closes and data[:1] == b"\0":
                yield Input(None)

    async def send(self, stream: int, data: bytes) -> None:
        await self._socket.send(self._protocol.encode(stream, data), text=self._protocol.text)

    async def finish(self, status: Mapping[str, Any]) -> None:
        if self._protocol.tells_status:
            await self.send(channels.STATUS, json.dumps(status).encode())
        elif status["status"] != "Success":
            await self.send(channels.STATUS, str(status["message"]).encode())
        await self._socket.close()


class WebSocketPairs:
    """Forwarded connections on channels: one for each of `ports`, all there from the beginning."""

    def __init__(self, socket: WebSocket, protocol: Channels, ports: Sequence[int]) -> None:
        self._socket, self._protocol = socket, protocol
        self.pairs = [WebSocketPair(socket, protocol, number, port) for number, port in enumerate(ports)]

    async def greet(self) -> None:
        """Each channel begins with its port."""
        for pair in self.pairs:
            head = channels.port_head(pair.port)
            for channel in (pair.channel, pair.channel + 1):
                await self._socket.send(self._protocol.encode(channel, head), text=self._protocol.text)

    async def run(self) -> None:
        """Hand what comes to the pairs, until the client leaves. Raises InvalidArgument."""
        try:
            async for message in self._socket.messages():
                channel, data = self._protocol.decode(message)
                number, is_error = divmod(channel, 2)
                if is_error or number >= len(self.pairs):
                    raise InvalidArgument(f"there is no channel {channel} to send on")
                await self.pairs[number].waiting.put(data)
        finally:
            for pair in self.pairs:
                pair.leave()


class WebSocketPair:
    """`Pair` on two channels. A client cannot end one of them: it leaves altogether."""

    def __init__(self, socket: WebSocket, protocol: Channels, number: int, port: int) -> None:
        self._socket, self._protocol = socket, protocol
        self.channel, self.port = 2 * number, port
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue(_QUEUED)
        self._gone = asyncio.Event()

    def leave(self) -> None:
        self._gone.set()
        if self.waiting.empty():
            self.waiting.put_nowait(b"")

    async def receive(self) -> bytes:
        while not (self._gone.is_set() and self.waiting.empty()):
            data = await self.waiting.get()
            if data:
                return data
        return b""

    async def send(self, data: bytes) -> None:
        await self._socket.send(self._protocol.encode(self.channel, data), text=self._protocol.text)

    async def end(self) -> None:
        """There is no way to say it on one channel."""

    async def fail(self, message: str) -> None:
        await self._socket.send(
            self._protocol.encode(self.channel + 1, message.encode()), text=self._protocol.text
        )


class Tunnel:
    """`Bytes` inside messages, whose borders mean nothing."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._messages = socket.messages()

    async def read(self) -> bytes:
        async for message in self._messages:
            if message:
                return message
        return b""

    async def write(self, data: bytes) -> None:
        await self._socket.send(data)

    async def close(self) -> None:
        await self._socket.close()
