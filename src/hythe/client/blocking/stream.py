# Made by scripts/blocking-client from ../aio/stream.py: change that, and run the script.
"""Answers that last: logs, events, statistics, progress, archives, and attached programs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping
from typing import Generic, TypeVar

from hythe.client import failures
from hythe.client.address import Address
from hythe.client.decoding import Chunks, Decoder
from hythe.client.drivers.blocking import Answer, Driver, Hijacked
from hythe.client.values.containers import LogChunk
from hythe.errors import InvalidArgument, Unavailable
from hythe.wire.stdcopy import MULTIPLEXED_TYPE

T = TypeVar("T")


class Stream(Generic[T]):
    """Items as they arrive. Read to its end, or closed, or left as a context manager, it gives up its connection.

    Raises Unavailable where the daemon goes away, TimeoutError where a wait for data is bounded.
    """

    def __init__(
        self,
        address: Address,
        pieces: Generator[bytes, None],
        close: Callable[[], None],
        decoder: Decoder[T],
    ) -> None:
        self._address, self._pieces, self._close, self._decoder = address, pieces, close, decoder
        self._ready: deque[T] = deque()
        self._ended = False

    def __enter__(self) -> Stream[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Stream[T]:
        return self

    def __next__(self) -> T:
        while not self._ready:
            if self._ended:
                raise StopIteration
            self._more()
        return self._ready.popleft()

    def close(self) -> None:
        """Let go of the connection; whatever is still to come is not read."""
        self._ended = True
        self._close()
        self._pieces.close()

    def _more(self) -> None:
        """Take the next piece apart."""
        try:
            piece = next(self._pieces, None)
            self._ready.extend(self._decoder.finish() if piece is None else self._decoder.feed(piece))
            if piece is None:
                self.close()
        except BaseException as error:
            self._ended = True
            self._close()
            if isinstance(error, InvalidArgument):
                raise Unavailable(f"the daemon's answer cannot be read: {error.message}") from error
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise failures.from_connect(error, self._address) from error
            raise


def stream(driver: Driver, answer: Answer, decoder: Decoder[T]) -> Stream[T]:
    """The items of a streamed answer."""
    return Stream(driver.address, answer.pieces, answer.close, decoder)


class Attached(Stream[LogChunk]):
    """Both directions of a program: its output by iterating, its input by `write` and `end_input`."""

    def __init__(self, address: Address, connection: Hijacked, *, tty: bool) -> None:
        framed = connection.content_type == MULTIPLEXED_TYPE or not tty
        super().__init__(address, connection.pieces(), connection.close, Chunks(tty=not framed))
        self._connection = connection

    def __enter__(self) -> Attached:
        return self

    def write(self, data: bytes) -> None:
        """Give input to the program."""
        self._connection.write(data)

    def pour(self, data: bytes) -> None:
        """Give it all of its input and end it, while its output is read."""
        self._connection.pour(data)

    def end_input(self) -> None:
        """Tell the program that there is no more; its output goes on."""
        self._connection.end_input()

    def output(self) -> tuple[bytes, bytes]:
        """(standard output, standard error), when it has ended."""
        pieces: Mapping[str, list[bytes]] = {"stdout": [], "stderr": []}
        for chunk in self:
            pieces[chunk.stream].append(chunk.data)
        return b"".join(pieces["stdout"]), b"".join(pieces["stderr"])
