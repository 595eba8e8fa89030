"""What a session needs of whoever is at the other end, whatever they speak, and the bytes below that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, NamedTuple, Protocol

PIECE: Final = 1 << 16


class Left(Exception):
    """The client has gone away."""


class Input(NamedTuple):
    """A piece of standard input; None is its end."""

    data: bytes | None


class Resize(NamedTuple):
    height: int
    width: int


class ExecClient(Protocol):
    """The other end of an exec or attach. Everything may raise Left; what it sends badly is InvalidArgument."""

    def events(self) -> AsyncIterator[Input | Resize]:
        """What comes, until the client leaves: then the iterator ends."""

    async def send(self, stream: int, data: bytes) -> None:
        """Output: stream 1 or 2. Waits while the client is slow."""

    async def finish(self, status: Mapping[str, Any]) -> None:
        """The last word: all output has been sent."""


class Pair(Protocol):
    """One forwarded connection."""

    @property
    def port(self) -> int: ...

    async def receive(self) -> bytes:
        """What the client sends; b"" when it has said that there is no more, or has left."""

    async def send(self, data: bytes) -> None: ...

    async def end(self) -> None:
        """There is no more from the pod."""

    async def fail(self, message: str) -> None:
        """It did not work: the client is told why."""


class Bytes(Protocol):
    """A connection as bare bytes."""

    async def read(self) -> bytes:
        """b"" at the end."""

    async def write(self, data: bytes) -> None:
        """Raises Left."""

    async def close(self) -> None: ...


class Connection:
    """A TCP connection as bare bytes. `upgraded`: HTTP is over on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.upgraded = False

    async def upgrade(self, answer: bytes) -> None:
        """`answer` is the last that is HTTP. Raises Left."""
        self.upgraded = True
        await self.write(answer)

    async def read(self) -> bytes:
        try:
            return await self._reader.read(PIECE)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise Left from error

    async def close(self) -> None:
        """What was written still goes out."""
        self._writer.close()
