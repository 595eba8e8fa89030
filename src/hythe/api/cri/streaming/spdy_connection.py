"""SPDY streams over a connection: opened by the client, read from queues, written as frames.

What comes for a stream waits in its queue, at most `_QUEUED` pieces; when one is full nothing more is read from the
connection, which holds up the client. Streams are taken one by one with `accept`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from hythe.api.cri.streaming.client import Bytes, Left
from hythe.errors import InvalidArgument
from hythe.wire import spdy

_QUEUED: Final = 64
_STREAMS: Final = 1000
"""Open at a time on one connection."""


class Stream:
    """One stream. `headers` are those that it was opened with."""

    def __init__(self, connection: SpdyConnection, number: int, headers: Mapping[str, str]) -> None:
        self._connection = connection
        self.number, self.headers = number, headers
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUED)
        self._over = False
        self._ended = False
        self.theirs_ended = False

    async def receive(self) -> bytes:
        """The next piece; b"" at the end, and ever after."""
        while not self._over:
            data = await self.waiting.get()
            if data is None:
                self._over = True
            elif data:
                return data
        return b""

    async def take(self, data: bytes, *, last: bool) -> None:
        """From the connection. Waits while the queue is full."""
        if self.theirs_ended:
            return
        if data:
            await self.waiting.put(data)
        if last:
            self.theirs_ended = True
            await self.waiting.put(None)

    def cut(self) -> None:
        """Nothing more will come: the connection is at its end, or the client has reset the stream."""
        self.theirs_ended = self._over = True
        while not self.waiting.empty():
            self.waiting.get_nowait()
        self.waiting.put_nowait(None)

    async def send(self, data: bytes) -> None:
        """Raises Left."""
        if not self._ended:
            await self._connection.write(spdy.Framer.data(self.number, data))

    async def end(self, data: bytes = b"") -> None:
        """The last that is sent on it. Raises Left."""
        if not self._ended:
            self._ended = True
            await self._connection.write(spdy.Framer.data(self.number, data, fin=True))
        if self.theirs_ended:
            self._connection.forget(self)

    async def reset(self) -> None:
        """Give it up altogether. Raises Left."""
        self._ended = True
        self._connection.forget(self)
        await self._connection.write(spdy.Framer.reset(self.number, spdy.CANCEL))


class SpdyConnection:
    def __init__(self, below: Bytes) -> None:
        self._below, self._framer = below, spdy.Framer()
        self._streams: dict[int, Stream] = {}
        self._last = 0
        self._opened: asyncio.Queue[Stream | None] = asyncio.Queue()

    async def accept(self) -> Stream | None:
        """The next stream that the client opens; None when it has left."""
        return await self._opened.get()

    async def run(self) -> None:
        """Read until the client leaves. Raises InvalidArgument for what is no SPDY."""
        try:
            while data := await self._below.read():
                for event in self._framer.feed(data):
                    await self._take(event)
        except Left:
            pass
        finally:
            self._opened.put_nowait(None)
            for stream in list(self._streams.values()):
                stream.cut()

    async def _take(self, event: spdy.Event) -> None:
        match event:
            case spdy.SynStream(number, headers, fin):
                await self._open(number, headers, fin=fin)
            case spdy.Data(number, data, fin):
                stream = self._streams.get(number)
                if stream is not None:
                    await stream.take(data, last=fin)
            case spdy.Reset(number, _):
                stream = self._streams.pop(number, None)
                if stream is not None:
                    stream.cut()
            case spdy.Ping(number):
                await self.write(spdy.Framer.ping(number))
            case _:
                pass

    async def _open(self, number: int, headers: dict[str, str], *, fin: bool) -> None:
        if number <= self._last or number % 2 == 0:
            raise InvalidArgument(f"a client cannot open the SPDY stream {number} after {self._last}")
        self._last = number
        if len(self._streams) >= _STREAMS:
            await self.write(spdy.Framer.reset(number, spdy.REFUSED_STREAM))
            return
        stream = Stream(self, number, headers)
        self._streams[number] = stream
        await self.write(self._framer.syn_reply(number))
        if fin:
            await stream.take(b"", last=True)
        self._opened.put_nowait(stream)

    def forget(self, stream: Stream) -> None:
        self._streams.pop(stream.number, None)

    async def write(self, data: bytes) -> None:
        """Raises Left."""
        await self._below.write(data)

    async def close(self) -> None:
        """Say that no more streams are taken, and close."""
        try:
            await self.write(spdy.Framer.goaway(self._last))
        except Left:
            pass
        await self._below.close()
