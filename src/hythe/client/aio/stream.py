"""Answers that last: logs, events, statistics, progress, archives, and attached programs."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Generic, TypeVar

from hythe.client import failures
from hythe.client.address import Address
from hythe.client.decoding import Chunks, Decoder
from hythe.client.drivers.aio import Answer, Driver, Hijacked
from hythe.client.values.containers import LogChunk
from hythe.errors import InvalidArgument, Unavailable
from hythe.wire.stdcopy import MULTIPLEXED_TYPE

T = TypeVar("T")


class AsyncStream(Generic[T]):
    """Items as they arrive. Read to its end, or closed, or left as a context manager, it gives up its connection.

    Raises Unavailable where the daemon goes away, TimeoutError where a wait for data is bounded.
    """

    def __init__(
        self,
        address: Address,
        pieces: AsyncGenerator[bytes, None],
        close: Callable[[], None],
        decoder: Decoder[T],
    ) -> None:
        self._address, self._pieces, self._close, self._decoder = address, pieces, close, decoder
        self._ready: deque[T] = deque()
        self._ended = False

    async def __aenter__(self) -> AsyncStream[T]:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncStream[T]:
        return self

    async def __anext__(self) -> T:
        while not self._ready:
            if self._ended:
                raise StopAsyncIteration
            await self._more()
        return self._ready.popleft()

    async def aclose(self) -> None:
        """Let go of the connection; whatever is still to come is not read."""
        self._ended = True
        self._close()
        await self._pieces.aclose()

    async def _more(self) -> None:
        """Take the next piece apart."""
        try:
            piece = await anext(self._pieces, None)
            self._ready.extend(self._decoder.finish() if piece is None else self._decoder.feed(piece))
            if piece is None:
                await self.aclose()
        except BaseException as error:
            self._ended = True
            self._close()
            if isinstance(error, InvalidArgument):
                raise Unavailable(f"the daemon's answer cannot be read: {error.message}") from error
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise failures.from_connect(error, self._address) from error
            raise


def stream(driver: Driver, answer: Answer, decoder: Decoder[T]) -> AsyncStream[T]:
    """The items of a streamed answer."""
    return AsyncStream(driver.address, answer.pieces, answer.close, decoder)


class AsyncAttached(AsyncStream[LogChunk]):
    """Both directions of a program: its output by iterating, its input by `write` and `end_input`."""

    def __init__(self, address: Address, connection: Hijacked, *, tty: bool) -> None:
        framed = connection.content_type == MULTIPLEXED_TYPE or not tty
        super().__init__(address, connection.pieces(), connection.close, Chunks(tty=not framed))
        self._connection = connection

    async def __aenter__(self) -> AsyncAttached:
        return self

    async def write(self, data: bytes) -> None:
        """Give input to the program."""
        await self._connection.write(data)

    def pour(self, data: bytes) -> None:
        """Give it all of its input and end it, while its output is read."""
        self._connection.pour(data)

    def end_input(self) -> None:
        """Tell the program that there is no more; its output goes on."""
        self._connection.end_input()

    async def output(self) -> tuple[bytes, bytes]:
        """(standard output, standard error), when it has ended."""
        pieces: Mapping[str, list[bytes]] = {"stdout": [], "stderr": []}
        async for chunk in self:
            pieces[chunk.stream].append(chunk.data)
        return b"".join(pieces["stdout"]), b"".join(pieces["stderr"])
