"""From the bytes of a streamed answer to what it says, without I/O: one decoder for each kind of stream.

A decoder is fed the pieces as they arrive and gives the items that they complete; `finish` gives the rest. Both
halves of the Python client read through these. Bytes that are not what they should be raise InvalidArgument, which
the reader of the stream turns into Unavailable, since it is the daemon that is at fault then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from hythe.client.images import checked
from hythe.client.values.containers import LogChunk
from hythe.client.values.images import Progress
from hythe.wire import jsonlines, stdcopy

T = TypeVar("T")
Item = TypeVar("Item", covariant=True)


class Decoder(Protocol[Item]):
    def feed(self, data: bytes) -> Iterable[Item]: ...

    def finish(self) -> Iterable[Item]: ...


class Pieces:
    """The bytes as they are."""

    def feed(self, data: bytes) -> Iterable[bytes]:
        return (data,)

    def finish(self) -> Iterable[bytes]:
        return ()


class Lines(Generic[T]):
    """JSON objects, one a line, each read by `read`."""

    def __init__(self, read: Callable[[dict[str, Any]], T]) -> None:
        self._read, self._lines = read, jsonlines.Decoder()

    def feed(self, data: bytes) -> Iterator[T]:
        return map(self._read, self._lines.feed(data))

    def finish(self) -> Iterator[T]:
        return map(self._read, self._lines.finish())


class Messages:
    """The progress of a long operation. Raises the error that a message tells of."""

    def __init__(self) -> None:
        self._lines = jsonlines.Decoder()

    def feed(self, data: bytes) -> Iterator[Progress]:
        return map(Progress.read, checked(self._lines.feed(data)))

    def finish(self) -> Iterator[Progress]:
        return map(Progress.read, checked(self._lines.finish()))


class Chunks:
    """Output of a container or an exec: framed, or, of a terminal, undivided."""

    def __init__(self, *, tty: bool) -> None:
        self._frames = None if tty else stdcopy.Decoder()

    def feed(self, data: bytes) -> Iterator[LogChunk]:
        pairs = ((stdcopy.STDOUT, data),) if self._frames is None else self._frames.feed(data)
        return (
            LogChunk("stderr" if stream == stdcopy.STDERR else "stdout", piece) for stream, piece in pairs
        )

    def finish(self) -> Iterator[LogChunk]:
        return iter(())
