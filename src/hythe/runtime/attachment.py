"""A client attached to a process: output to its socket, input from it.

The socket is the client's own connection, handed over by the daemon. Output waits in a buffer while the
client is slow; above 1 MiB the process's pipes are not read (`full`), so the program waits as it would on a
full pipe, and nothing is lost. A client that is gone is dropped and holds nobody up. The client's half-close
ends the input only; output goes on until the process has ended and all is sent.

Docker's framing for processes without a terminal: [stream, 0, 0, 0, length big-endian 32] before each piece
(Engine API, "Attach to a container, stream format").
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from hythe.runtime.detach import DetachKeys
from hythe.runtime.loop import ERR, HUP, IN, OUT, Loop
from hythe.runtime.stdin import Stdin

LIMIT: Final = 1 << 20
_RESUME: Final = LIMIT // 2
_PIECE: Final = 1 << 16
_DONT_WAIT: Final = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
_HEADER: Final = struct.Struct(">BxxxI")


class Wanted(NamedTuple):
    """What the client asked for; `keys` are detach keys (empty: none)."""

    stdin: bool
    stdout: bool
    stderr: bool
    multiplexed: bool
    keys: bytes
    head: bytes


class Observer(NamedTuple):
    """Whom the attachment tells: its buffer has room again; it is over; the detach keys were pressed."""

    room: Callable[[], None]
    gone: Callable[[Attachment], None]
    detached: Callable[[], None]


class Attachment:
    """Owns the descriptor `fd`. `stdin` is the process's input or None. Call `begin` once it is listed."""

    def __init__(
        self,
        loop: Loop,
        fd: int,
        wanted: Wanted,
        stdin: Stdin | None,
        observer: Observer,
        *,
        ends_stdin: bool,
    ) -> None:
        self._loop = loop
        self._socket = socket.socket(fileno=fd)
        self._wanted = wanted
        self._stdin = stdin if wanted.stdin else None
        self._ends_stdin = ends_stdin
        self._observer = observer
        self._keys = DetachKeys(wanted.keys)
        self._buffer: deque[bytes] = deque()
        self._size = 0
        self._events = 0
        self._watched = False
        self._input_open = self._stdin is not None
        self._finishing = False
        self._hung_up = False
        self.over = False

    def begin(self) -> None:
        """Take the input that was read before, then start to watch the socket."""
        if self._wanted.head and self._stdin is not None:
            self._take(self._wanted.head)
        self.watch()

    @property
    def full(self) -> bool:
        return self._size > LIMIT

    def watch(self) -> None:
        """Set what epoll should tell; also called when the process's input has room again."""
        if self.over:
            return
        readable = self._input_open and not (self._stdin is not None and self._stdin.full)
        events = (IN if readable else 0) | (OUT if self._buffer else 0)
        if self._hung_up and not readable:
            # A hang-up cannot be masked out; it would wake us for ever while the input waits.
            self._loop.remove(self._socket.fileno())
            self._watched = False
        elif not self._watched:
            self._loop.add(self._socket.fileno(), events, self._happened)
            self._watched = True
        elif events != self._events:
            self._loop.change(self._socket.fileno(), events)
        self._events = events

    # ---- output -----------------------------------------------------------------------------------

    def send(self, stream: int, data: bytes) -> None:
        """Output of the process: stream 1 or 2. Never blocks."""
        if self.over or self._hung_up or not (self._wanted.stdout if stream == 1 else self._wanted.stderr):
            return
        if self._wanted.multiplexed:
            data = _HEADER.pack(stream, len(data)) + data
        if not self._buffer:
            data = self._push(data)
            if self.over:
                return
        if data:
            self._buffer.append(data)
            self._size += len(data)
            self.watch()

    def _push(self, data: bytes) -> bytes:
        """Send what goes at once; what is left."""
        try:
            sent = self._socket.send(data, _DONT_WAIT)
        except BlockingIOError:
            return data
        except OSError:
            self.drop()
            return b""
        return data[sent:] if sent < len(data) else b""

    def _flush(self) -> None:
        was_full = self._size > _RESUME
        while self._buffer:
            data = self._buffer.popleft()
            left = self._push(data)
            if self.over:
                return
            self._size -= len(data) - len(left)
            if left:
                self._buffer.appendleft(left)
                break
        if was_full and self._size <= _RESUME:
            self._observer.room()
        if self._finishing and not self._buffer:
            self.drop()

    def finish(self) -> None:
        """The process has ended: close as soon as everything is sent."""
        self._finishing = True
        self._input_open = False
        if not self._buffer:
            self.drop()
        else:
            self.watch()

    # ---- input ------------------------------------------------------------------------------------

    def _happened(self, events: int) -> None:
        if events & ERR:
            self._lost()
            return
        if events & OUT:
            self._flush()
        if not self.over and events & (IN | HUP) and self._input_open:
            self._receive()
        if not self.over and events & HUP:
            self._hung_up = True
            self._buffer.clear()
            self._size = 0
            self._observer.room()
            if not self._input_open:
                self._lost()
        self.watch()

    def _receive(self) -> None:
        if self._stdin is not None and self._stdin.full:
            return
        try:
            data = self._socket.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            self._lost()
            return
        if data:
            self._take(data)
            return
        self._input_open = False
        if self._stdin is not None:
            self._stdin.write(self._keys.flush())
            if self._ends_stdin:
                self._stdin.end()
        if self._hung_up:
            self.drop()

    def _take(self, data: bytes) -> None:
        passed, detached = self._keys.feed(data)
        if passed and self._stdin is not None:
            self._stdin.write(passed)
        if detached:
            self._observer.detached()
            self._input_open = False
            self.finish()

    def _lost(self) -> None:
        """The client went away: its input ends with it where the process's input is meant for one client."""
        if self._input_open and self._stdin is not None and self._ends_stdin:
            self._stdin.end()
        self.drop()

    def drop(self) -> None:
        """Close the socket and tell the process's streams."""
        if self.over:
            return
        self.over = True
        self._buffer.clear()
        self._size = 0
        self._loop.close(self._socket.detach())
        self._observer.gone(self)
