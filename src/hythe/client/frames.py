"""The output of a container as the daemon sends it, as (stream, data) pairs: 1 is output, 2 errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hythe.errors import InvalidArgument, Unavailable
from hythe.wire.stdcopy import STDOUT, Decoder


def demultiplex(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The pairs in framed bytes (`wire.stdcopy`). Raises Unavailable where they are no frames."""
    decoder = Decoder()
    try:
        for piece in pieces:
            yield from decoder.feed(piece)
    except InvalidArgument as error:
        raise Unavailable("the daemon sent a stream that is not framed as the API says") from error


def undivided(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The pieces of a terminal's stream, all of them as standard output."""
    return ((STDOUT, piece) for piece in pieces)
