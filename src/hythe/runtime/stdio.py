"""A process's streams: pipes or a terminal on one side, the log and attached clients on the other.

Every piece of output goes first to the log, then to each client. While one client's buffer is full nothing
is read, which holds up the program (back-pressure) and no other container. A terminal tells its end by EIO;
while its process lives, that only means that nobody has it open just now, and it is watched for an edge
instead.
"""

from __future__ import annotations

import errno
import os
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from hythe.errors import Unsupported
from hythe.runtime.attachment import Attachment, Observer, Wanted
from hythe.runtime.loop import EDGE, IN, Loop
from hythe.runtime.stdin import Stdin

if TYPE_CHECKING:
    from hythe.runtime.logdrivers import Sink

_PIECE: Final = 1 << 16
_DRAIN: Final = 64
"""Pieces read at the end: more than the largest pipe holds; a daemon that goes on writing is not waited for.
"""


class Streams:
    """Owns its descriptors. `stdin`: write end of the input pipe, -1 for a terminal's, None for no input."""

    def __init__(
        self,
        loop: Loop,
        *,
        terminal: bool,
        stdin: int | None,
        ends_stdin: bool,
        log: Sink | None,
        on_detached: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._terminal = terminal
        self._ends_stdin = ends_stdin
        self._log = log
        self._on_detached = on_detached
        self._outputs: dict[int, int] = {}
        self._attachments: list[Attachment] = []
        self._paused = False
        self._master = -1
        self._edge = False
        self._size: tuple[int, int] | None = None
        self._stdin = (
            None if stdin is None else Stdin(loop, stdin, terminal=terminal, on_room=self._input_room)
        )

    # ---- connecting -------------------------------------------------------------------------------

    def add_output(self, fd: int, stream: int) -> None:
        """Read `fd` from now on as stream 1 or 2."""
        os.set_blocking(fd, False)
        self._outputs[fd] = stream
        if not self._paused:
            self._loop.add(fd, IN, lambda _: self._readable(fd))

    def set_terminal(self, master: int) -> None:
        """The terminal's other side, once it exists; a size that was asked for before is set now."""
        self._master = master
        if self._size is not None:
            self.resize(*self._size)
        if self._stdin is not None:
            self._stdin.connect(os.dup(master))
        self.add_output(master, 1)

    def resize(self, height: int, width: int) -> None:
        """Rows and columns; remembered until there is a terminal."""
        self._size = (height, width)
        if self._master >= 0:
            termios.tcsetwinsize(self._master, self._size)

    def attach(self, fd: int, wanted: Wanted) -> None:
        """Serve a client on the socket `fd`."""
        observer = Observer(self._output_room, self._gone, self._on_detached)
        keys = wanted.keys if self._terminal else b""
        attachment = Attachment(
            self._loop, fd, wanted._replace(keys=keys), self._stdin, observer, ends_stdin=self._ends_stdin
        )
        self._attachments.append(attachment)
        attachment.begin()

    def reopen_log(self) -> None:
        """Begin the log's file anew, which somebody has moved away. Raises Unsupported, OSError."""
        from hythe.runtime.logdrivers import Reopenable

        if not isinstance(self._log, Reopenable):
            raise Unsupported("the log of this container cannot be reopened")
        self._log.reopen()

    # ---- output -----------------------------------------------------------------------------------

    def _readable(self, fd: int) -> None:
        more = True
        while more and not self._paused and fd in self._outputs:
            more = self._read(fd) and self._edge  # an edge is told once: take all of it

    def _read(self, fd: int) -> bool:
        """Read one piece; whether there may be more."""
        try:
            data = os.read(fd, _PIECE)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == errno.EIO and fd == self._master:
                if not self._paused:
                    self._loop.change(fd, IN | EDGE)
                self._edge = True
                return False
            data = b""
        if not data:
            self._close_output(fd)
            return False
        stream = self._outputs[fd]
        if self._log is not None:
            self._log.write(stream, data)
        for attachment in list(self._attachments):
            attachment.send(stream, data)
        if any(attachment.full for attachment in self._attachments):
            self._pause(True)
        return True

    def _close_output(self, fd: int) -> None:
        del self._outputs[fd]
        if fd == self._master:
            self._master = -1
        self._loop.close(fd)

    def _pause(self, paused: bool) -> None:
        if paused != self._paused:
            self._paused = paused
            # A hang-up is told even with no events asked for: take the descriptors out altogether.
            for fd in self._outputs:
                if paused:
                    self._loop.remove(fd)
                else:
                    self._loop.add(fd, IN, lambda _, fd=fd: self._readable(fd))  # type: ignore[misc]

    def _output_room(self) -> None:
        if self._paused and not any(attachment.full for attachment in self._attachments):
            self._pause(False)

    def _input_room(self) -> None:
        for attachment in list(self._attachments):
            attachment.watch()

    def _gone(self, attachment: Attachment) -> None:
        if attachment in self._attachments:
            self._attachments.remove(attachment)
        self._output_room()

    # ---- the end ----------------------------------------------------------------------------------

    def drain(self) -> None:
        """The process has ended: take what can still be read, then close everything but unsent output."""
        for fd in list(self._outputs):
            for _ in range(_DRAIN):
                if fd not in self._outputs or not self._read(fd):
                    break
        self.close()

    def close(self) -> None:
        for fd in list(self._outputs):
            self._close_output(fd)
        if self._stdin is not None:
            self._stdin.close()
        for attachment in list(self._attachments):
            attachment.finish()
        if self._log is not None:
            self._log.close()
