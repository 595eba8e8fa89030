"""Docker's multiplexed stream: standard output and error of one program on one connection.

Every chunk of output is preceded by eight bytes: the stream (0 stdin, 1 stdout, 2 stderr, 3 errors of the daemon),
three zeros, and the length as a big-endian 32-bit number. A program with a terminal has one stream, and is sent
raw, without frames. Source: Docker Engine API, "Attach to a container", Stream format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from hythe.errors import InvalidArgument

STDOUT: Final = 1
STDERR: Final = 2

RAW_TYPE: Final = "application/vnd.docker.raw-stream"
MULTIPLEXED_TYPE: Final = "application/vnd.docker.multiplexed-stream"

_HEADER: Final = struct.Struct(">BxxxI")
_LAST_STREAM: Final = 3


def encode(stream: int, data: bytes) -> bytes:
    """One frame."""
    return _HEADER.pack(stream, len(data)) + data


class Decoder:
    """(stream, data) out of bytes that arrive in any pieces.

    Data is passed on as it arrives, so that a long frame comes as several pairs and is never collected in memory.
    """

    def __init__(self) -> None:
        self._header = b""
        self._stream = 0
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """What `data` has of each frame; empty frames give nothing.

        Raises InvalidArgument where a header cannot be one: the connection is then not multiplexed.
        """
        position = 0
        while position < len(data):
            if self._left:
                piece = data[position : position + self._left]
                self._left -= len(piece)
                position += len(piece)
                yield self._stream, piece
                continue
            wanted = _HEADER.size - len(self._header)
            self._header += data[position : position + wanted]
            position += wanted
            if len(self._header) == _HEADER.size:
                self._begin(self._header)
                self._header = b""

    def _begin(self, header: bytes) -> None:
        self._stream, self._left = _HEADER.unpack(header)
        if self._stream > _LAST_STREAM:
            raise InvalidArgument(
                f"not a multiplexed stream: header {header!r}",
                hint="a container with a terminal sends its output raw",
            )

    @property
    def pending(self) -> bool:
        """Whether a frame is unfinished; at the end of a connection: whether it was cut off."""
        return bool(self._left or self._header)
