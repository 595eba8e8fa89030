"""Docker's multiplexed stream: standard output and error of one program on one connection.

Every chunk of output is preceded by eight bytes: the stream (0 stdin, 1 stdout, 2 stderr), three zeros, and
the length as a big-endian 32-bit number. A program with a terminal has one stream, and is sent raw, without
frames. Source: Docker Engine API, "Attach to a container", Stream format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from hythe.errors import InvalidArgument

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2

HEADER: Final = struct.Struct(">BxxxI")
MAX_FRAME: Final = 16 * 1024 * 1024


def encode(stream: int, data: bytes) -> bytes:
    """One frame."""
    return HEADER.pack(stream, len(data)) + data


class Decoder:
    """Frames out of bytes that arrive in any pieces; memory is bounded by `MAX_FRAME`."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The frames that are complete with `data`, as (stream, payload).

        Raises InvalidArgument where a header cannot be one: the connection is then not multiplexed.
        """
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            stream, length = HEADER.unpack_from(self._buffer)
            if stream > STDERR or length > MAX_FRAME:
                raise InvalidArgument(
                    f"not a multiplexed stream: header {bytes(self._buffer[: HEADER.size])!r}",
                    hint="a container with a terminal sends its output raw",
                )
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            yield stream, payload

    @property
    def pending(self) -> int:
        """Bytes of an unfinished frame; not zero at the end of a connection means it was cut off."""
        return len(self._buffer)
