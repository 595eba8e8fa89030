"""A connection taken over for raw bytes, on asyncio: the twin of `client.hijack`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from hythe.client.drivers.http1_aio import Connection
from hythe.client.http1 import Head


class Hijacked:
    """A connection that carries a program's input and output (`client.hijack`)."""

    def __init__(self, connection: Connection, head: Head) -> None:
        self._connection = connection
        self.content_type = head.headers.get("content-type", "")
        self._pouring: asyncio.Task[None] | None = None

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """What arrives, until the end of the output."""
        try:
            while data := await self._connection.read():
                yield data
        except ConnectionResetError:
            return

    async def write(self, data: bytes) -> None:
        await self._connection.write(data)

    def pour(self, data: bytes) -> None:
        """Write all of it and end the input, while the caller reads."""
        self._pouring = asyncio.ensure_future(self._pour(data))

    async def _pour(self, data: bytes) -> None:
        try:
            await self._connection.write(data)
            self._connection.end_writing()
        except OSError:
            return  # the program does not read any more; its output says why

    def end_input(self) -> None:
        """Tell the program that there is no more input; output goes on."""
        self._connection.end_writing()

    def close(self) -> None:
        if self._pouring is not None:
            self._pouring.cancel()
        self._connection.close()
