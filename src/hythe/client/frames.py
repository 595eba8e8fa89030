"""Docker's multiplexed streams: frames of an 8-byte header [stream, 0, 0, 0, length (big endian)] and data.

`demultiplex` turns pieces of bytes, cut anywhere, into (stream, data) pairs: 1 is standard output, 2 standard
error. Data is passed on as it arrives, so a long frame is not collected in memory. Source: Engine API,
"Stream format" of ContainerAttach.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from hythe.errors import Unavailable

RAW_TYPE: Final = "application/vnd.docker.raw-stream"
MULTIPLEXED_TYPE: Final = "application/vnd.docker.multiplexed-stream"
_HEADER: Final = struct.Struct(">BxxxI")
_STREAMS: Final = (0, 1, 2, 3)


def demultiplex(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(stream, data) pairs out of framed bytes. Raises Unavailable where they are no frames."""
    buffer = bytearray()
    stream, left = 0, 0
    for piece in pieces:
        buffer += piece
        while buffer:
            if not left:
                if len(buffer) < _HEADER.size:
                    break
                stream, left = _HEADER.unpack_from(buffer)
                if stream not in _STREAMS:
                    raise Unavailable("the daemon sent a stream that is not framed as the API says")
                del buffer[: _HEADER.size]
            data = bytes(buffer[:left])
            del buffer[: len(data)]
            left -= len(data)
            if data:
                yield stream, data


def undivided(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The pieces of a terminal's stream, all of them as standard output."""
    return ((1, piece) for piece in pieces)
