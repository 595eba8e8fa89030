"""A connection taken over for raw bytes: what attach and exec start give.

Output is read by iterating, framed or raw as `tty` says; input is written, and ended by shutting down the
writing half only, so that what the program still prints arrives (shutdown(2), SHUT_WR).
"""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator

from hythe.client.frames import demultiplex, undivided
from hythe.client.http1 import Connection, Head
from hythe.wire.stdcopy import MULTIPLEXED_TYPE


class Hijacked:
    """Both directions of an attachment. One thread may read while another writes."""

    def __init__(self, connection: Connection, head: Head) -> None:
        self._connection = connection
        self.content_type = head.headers.get("content-type", "")

    def __enter__(self) -> Hijacked:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        return self._connection.socket.fileno()

    def output(self, *, tty: bool) -> Iterator[tuple[int, bytes]]:
        """(stream, data) until the program's output has ended. A terminal has one stream, 1."""
        if self.content_type == MULTIPLEXED_TYPE:
            tty = False
        return undivided(self.pieces()) if tty else demultiplex(self.pieces())

    def write(self, data: bytes) -> None:
        self._connection.socket.sendall(data)

    def end_input(self) -> None:
        """Tell the program that there is no more input; output goes on."""
        try:
            self._connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the other side has already gone; reading will say so

    def close(self) -> None:
        self._connection.close()

    def pieces(self) -> Generator[bytes, None, None]:
        """What arrives, until the end of the output."""
        try:
            while data := self._connection.read_raw():
                yield data
        except ConnectionResetError:
            return
