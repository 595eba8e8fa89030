"""A process's standard input: what clients send, written to its pipe or terminal without ever blocking.

At most a small buffer waits; while it is full, clients are not read from (`full`), and `on_room` tells when
they may go on. A pipe whose reader has gone swallows the rest. Before a terminal is known (`connect`), input
waits.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from hythe.runtime.loop import ERR, HUP, OUT, Loop

_LIMIT = 1 << 16


class Stdin:
    """`fd` -1: not connected yet. Owns the descriptor."""

    def __init__(self, loop: Loop, fd: int, *, terminal: bool, on_room: Callable[[], None]) -> None:
        self._loop = loop
        self._fd = -1
        self._terminal = terminal
        self._on_room = on_room
        self._buffer = bytearray()
        self._ending = False
        self._broken = False
        if fd >= 0:
            self.connect(fd)

    def connect(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._flush()

    @property
    def full(self) -> bool:
        return len(self._buffer) >= _LIMIT

    def write(self, data: bytes) -> None:
        if self._broken or self._ending:
            return
        self._buffer += data
        if len(self._buffer) == len(data):
            self._flush()

    def end(self) -> None:
        """No more input: close the pipe once all is written. A terminal has no end of input of this kind."""
        if self._terminal or self._ending:
            return
        self._ending = True
        if not self._buffer:
            self.close()

    def _flush(self) -> None:
        if self._fd < 0:
            return
        was_full = self.full
        self._loop.remove(self._fd)
        try:
            while self._buffer:
                del self._buffer[: os.write(self._fd, self._buffer)]
        except BlockingIOError:
            self._loop.add(self._fd, OUT, self._writable)
        except OSError:
            # EPIPE: the program has closed its input. EIO: the terminal has no process any more.
            self._buffer.clear()
            if not self._terminal:
                self.close()
        if self._ending and not self._buffer:
            self.close()
        if was_full and not self.full:
            self._on_room()

    def _writable(self, events: int) -> None:
        if events & (HUP | ERR) and not events & OUT:
            self._buffer.clear()
        self._flush()

    def close(self) -> None:
        self._broken = True
        self._buffer.clear()
        if self._fd >= 0:
            self._loop.close(self._fd)
            self._fd = -1
