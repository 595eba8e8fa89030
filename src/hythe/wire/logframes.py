"""The frames of a container's log file. No I/O.

A frame is a header (">QBI": time in nanoseconds since the epoch, stream 1 = stdout or 2 = stderr, payload
length), the payload as it was read from the pipe (at most 64 KiB, never split at lines), and a trailer
(">I": the length of the whole frame, header and trailer included), so that a reader can also go backwards
from the end of the file.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

HEADER: Final = struct.Struct(">QBI")
TRAILER: Final = struct.Struct(">I")
OVERHEAD: Final = HEADER.size + TRAILER.size
PAYLOAD_LIMIT: Final = 1 << 16
STDOUT: Final = 1
STDERR: Final = 2


class Frame(NamedTuple):
    """`time` in nanoseconds since the epoch, `stream` 1 or 2."""

    time: int
    stream: int
    payload: bytes


class Damaged(ValueError):
    """The bytes are not frames: a torn write, or not a log file at all."""


def encode(time: int, stream: int, payload: bytes) -> bytes:
    """One frame. `payload` is at most PAYLOAD_LIMIT bytes."""
    return HEADER.pack(time, stream, len(payload)) + payload + TRAILER.pack(OVERHEAD + len(payload))


def around(time: int, stream: int, length: int) -> tuple[bytes, bytes]:
    """(header, trailer) for a payload of `length` bytes, to be written around it without copying it."""
    return HEADER.pack(time, stream, length), TRAILER.pack(OVERHEAD + length)


def decode(buffer: bytes, offset: int = 0) -> tuple[Frame, int] | None:
    """The frame at `offset` and where the next one begins; None while it is not wholly there yet.

    Raises Damaged.
    """
    if len(buffer) - offset < HEADER.size:
        return None
    time, stream, length = HEADER.unpack_from(buffer, offset)
    if stream not in (STDOUT, STDERR) or length > PAYLOAD_LIMIT:
        raise Damaged(f"no frame at byte {offset}")
    end = offset + OVERHEAD + length
    if len(buffer) < end:
        return None
    if TRAILER.unpack_from(buffer, end - TRAILER.size)[0] != OVERHEAD + length:
        raise Damaged(f"the frame at byte {offset} has another length at its end")
    start = offset + HEADER.size
    return Frame(time, stream, bytes(buffer[start : start + length])), end


def decode_before(buffer: bytes, end: int) -> tuple[Frame, int] | None:
    """The frame that ends at `end`, and where it begins; None where `buffer` does not reach back so far.

    Raises Damaged.
    """
    if end < TRAILER.size:
        return None
    length = TRAILER.unpack_from(buffer, end - TRAILER.size)[0]
    if not OVERHEAD <= length <= OVERHEAD + PAYLOAD_LIMIT:
        raise Damaged(f"no frame ends at byte {end}")
    if length > end:
        return None
    found = decode(buffer[:end], end - length)
    if found is None or found[1] != end:
        raise Damaged(f"no frame ends at byte {end}")
    return found[0], end - length


def whole(buffer: bytes) -> int:
    """How many bytes at the beginning of `buffer` are whole frames."""
    offset = 0
    while True:
        try:
            found = decode(buffer, offset)
        except Damaged:
            return offset
        if found is None:
            return offset
        offset = found[1]
