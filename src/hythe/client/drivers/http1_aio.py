"""HTTP/1.1 from the client's side on asyncio's streams: the twin of `client.http1`, whose docstring says what and why.

Bodies to send may also be asynchronous iterables; plain files and iterables are read in a thread, piece by piece.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from hythe.client.address import Address
from hythe.client.http1 import NO_BODY, Body, Head, framed, pieces, status_line
from hythe.errors import Unavailable

if TYPE_CHECKING:
    from hythe.client.drivers.tls_aio import Reader, Writer

_CHUNK: Final = 64 * 1024

AsyncBody = Body | AsyncIterable[bytes]


class Connection:
    """One connection to a daemon, for one request at a time; a hijacked one may be read and written at once."""

    def __init__(
        self,
        address: Address,
        timeout: float | None,
        reader: asyncio.StreamReader | Reader,
        writer: asyncio.StreamWriter | Writer,
    ) -> None:
        self.address, self._timeout, self._reader, self._writer = address, timeout, reader, writer
        self.reusable = False

    @classmethod
    async def open(cls, address: Address, timeout: float | None) -> Connection:
        """`timeout` in seconds bounds connecting and each wait for data. Raises OSError; TimeoutError is one."""
        async with asyncio.timeout(timeout):
            if address.path:
                return cls(address, timeout, *await asyncio.open_unix_connection(address.path, limit=_CHUNK))
            pair = await asyncio.open_connection(address.host, address.port, limit=_CHUNK)
            if address.tls is None:
                return cls(address, timeout, *pair)
            from hythe.client.drivers.tls_aio import secured

            return cls(address, timeout, *await secured(pair, address))

    def close(self) -> None:
        self._writer.close()

    async def closed(self) -> None:
        """After `close`: until the event loop has let go of it."""
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def stale(self) -> bool:
        """Has the peer closed an idle connection? Asked of the kernel: the event loop may not have heard of it yet."""
        if self._reader.at_eof() or self._writer.is_closing():
            return True
        descriptor = self._writer.get_extra_info("socket").fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(0))

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: AsyncBody) -> None:
        """Send a request; a body that is not bytes goes out in chunks as it is read."""
        self.reusable = False
        if body is None or isinstance(body, bytes):
            await self.write(framed(self.address, method, target, headers, body))
            return
        await self.write(framed(self.address, method, target, headers, None, chunked=True))
        async for piece in _pieces(body):
            await self.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await self.write(b"0\r\n\r\n")

    async def receive(self) -> Head:
        """The head of the response; interim 1xx answers but 101 are skipped."""
        while True:
            code, reason = status_line(await self._line(), self.address)
            headers: dict[str, str] = {}
            while line := await self._line():
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            if code >= 200 or code == 101:
                return Head(code, reason, headers)

    async def body(self, head: Head, method: str) -> AsyncGenerator[bytes, None]:
        """The decoded body in pieces as they arrive; `reusable` is set when all of it has been read."""
        keep = "close" not in head.headers.get("connection", "").lower()
        if method != "HEAD" and head.status not in NO_BODY:
            if "chunked" in head.headers.get("transfer-encoding", "").lower():
                while size := int((await self._line()).partition(";")[0], 16):
                    async for data in self._counted(size):
                        yield data
                    await self._line()
                while await self._line():
                    pass
            elif "content-length" in head.headers:
                async for data in self._counted(int(head.headers["content-length"])):
                    yield data
            else:
                while data := await self.read():
                    yield data
                keep = False
        self.reusable = keep

    async def read(self) -> bytes:
        """What has arrived, b"" at the end."""
        async with asyncio.timeout(self._timeout):
            return await self._reader.read(_CHUNK)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def end_writing(self) -> None:
        """Shut the writing half down (shutdown(2), SHUT_WR)."""
        if not self._writer.is_closing():
            self._writer.write_eof()

    async def _line(self) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                line = await self._reader.readline()
        except ValueError as error:
            raise Unavailable(f"the answer of {self.address} has a line that is too long") from error
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the connection ended before an answer")
        return line.decode("latin-1").rstrip("\r\n")

    async def _counted(self, left: int) -> AsyncIterator[bytes]:
        while left:
            async with asyncio.timeout(self._timeout):
                data = await self._reader.read(min(left, _CHUNK))
            if not data:
                raise ConnectionResetError("the connection ended within an answer")
            left -= len(data)
            yield data


async def _pieces(body: AsyncBody) -> AsyncIterator[bytes]:
    if isinstance(body, AsyncIterable):
        async for piece in body:
            if piece:  # an empty chunk would end the request
                yield piece
        return
    assert body is not None and not isinstance(body, bytes)
    source: Iterator[bytes] = pieces(body)
    while data := await asyncio.to_thread(next, source, b""):
        yield data
