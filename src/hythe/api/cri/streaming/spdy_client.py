"""The other end speaks SPDY/3.1: streams told apart by their headers (k8s.io/client-go, tools/remotecommand).

For exec and attach the client opens one stream for each of `error`, `stdin`, `stdout`, `stderr`, `resize` that it
wants; for port-forward a pair of `error` and `data` for each connection, with the same `requestid` and a `port`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from hythe.api.cri.streaming.client import Input, Left, Resize
from hythe.api.cri.streaming.spdy_connection import SpdyConnection, Stream
from hythe.errors import InvalidArgument
from hythe.wire import channels

EXEC: Final = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
FORWARD: Final = ("portforward.k8s.io",)
SECONDS: Final = 30.0
"""For all streams to be opened, or the second of a pair."""
_KIND: Final = "streamtype"
_OUTPUTS: Final = {1: "stdout", 2: "stderr"}


def resizes(protocol: str) -> bool:
    return protocol in EXEC[:2]


class SpdyExec:
    """`ExecClient` on one stream for each direction. `run` of the connection has to run beside it."""

    def __init__(self, connection: SpdyConnection, protocol: str) -> None:
        self._connection, self._protocol = connection, protocol
        self._streams: dict[str, Stream] = {}

    async def open(self, kinds: set[str]) -> None:
        """Wait for the streams of these kinds. Raises InvalidArgument for others, and when they do not come."""
        try:
            async with asyncio.timeout(SECONDS):
                while self._streams.keys() != kinds:
                    stream = await self._connection.accept()
                    if stream is None:
                        raise Left
                    kind = stream.headers.get(_KIND, "").lower()
                    if kind not in kinds or kind in self._streams:
                        raise InvalidArgument(f"a stream of type {kind!r} was not to be opened")
                    self._streams[kind] = stream
        except TimeoutError as error:
            missing = ", ".join(sorted(kinds - self._streams.keys()))
            raise InvalidArgument(f"the streams {missing} have not been opened in {SECONDS:.0f} s") from error

    async def events(self) -> AsyncIterator[Input | Resize]:
        """Ends when the client has left: no stream that it could send on, `error` among them, is open any more."""
        queue: asyncio.Queue[Input | Resize | BaseException | None] = asyncio.Queue(1)
        readers = [asyncio.ensure_future(self._read(kind, queue)) for kind in ("stdin", "resize", "error")]
        try:
            while (event := await queue.get()) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)

    async def _read(self, kind: str, queue: asyncio.Queue[Input | Resize | BaseException | None]) -> None:
        stream = self._streams.get(kind)
        if stream is None:
            return
        try:
            if kind == "error":
                await self._gone()
                await queue.put(None)
            elif kind == "stdin":
                while data := await stream.receive():
                    await queue.put(Input(data))
                await queue.put(Input(None))
            else:
                async for size in _sizes(stream):
                    await queue.put(size)
        except InvalidArgument as error:
            await queue.put(error)

    async def _gone(self) -> None:
        """Nothing more is expected of `accept` but the news of the client's end."""
        while await self._connection.accept() is not None:
            pass

    async def send(self, stream: int, data: bytes) -> None:
        to = self._streams.get(_OUTPUTS[stream])
        if to is not None:
            await to.send(data)

    async def finish(self, status: Mapping[str, Any]) -> None:
        for kind in ("stdout", "stderr"):
            if kind in self._streams:
                await self._streams[kind].end()
        if self._protocol == EXEC[0]:
            last = json.dumps(status).encode()
        else:
            last = b"" if status["status"] == "Success" else str(status["message"]).encode()
        await self._streams["error"].end(last)
        for kind in ("stdin", "resize"):
            if kind in self._streams:
                await self._streams[kind].end()
        await self._connection.close()


async def _sizes(stream: Stream) -> AsyncIterator[Resize]:
    """JSON objects one after the other, each at the end of a line."""
    buffer = b""
    while data := await stream.receive():
        *whole, buffer = (buffer + data).split(b"\n")
        if buffer.endswith(b"}"):
            whole, buffer = [*whole, buffer], b""
        if len(buffer) > 1024:
            raise InvalidArgument("a terminal's size that does not end")
        for text in filter(None, (line.strip() for line in whole)):
            yield Resize(*channels.size(text))


class SpdyPair:
    """`Pair` on two streams."""

    def __init__(self, data: Stream, error: Stream, port: int) -> None:
        self._data, self._error, self.port = data, error, port

    async def receive(self) -> bytes:
        return await self._data.receive()

    async def send(self, data: bytes) -> None:
        await self._data.send(data)

    async def end(self) -> None:
        await self._data.end()
        await self._error.end()

    async def fail(self, message: str) -> None:
        await self._error.end(message.encode())
        await self._data.reset()


async def pairs(connection: SpdyConnection) -> AsyncIterator[SpdyPair]:
    """The connections that the client asks for, until it leaves. Raises InvalidArgument."""
    halves: dict[str, dict[str, Stream]] = {}
    while (stream := await connection.accept()) is not None:
        kind, port = stream.headers.get(_KIND, "").lower(), stream.headers.get("port", "")
        if kind not in ("data", "error"):
            raise InvalidArgument(f"invalid stream type {kind!r}")
        if not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise InvalidArgument(f"unable to parse port {port!r}")
        request = stream.headers.get("requestid") or _implied(stream, kind)
        half = halves.setdefault(request, {})
        if kind in half:
            raise InvalidArgument(f"a second stream of type {kind} for the request {request}")
        half[kind] = stream
        if len(half) == 2:
            del halves[request]
            yield SpdyPair(half["data"], half["error"], int(port))


def _implied(stream: Stream, kind: str) -> str:
    """Old clients give no number: they open the error stream, then the data stream."""
    return str(stream.number if kind == "error" else stream.number - 2)
