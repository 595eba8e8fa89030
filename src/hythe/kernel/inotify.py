"""inotify(7): a descriptor that tells of changes to files, to be watched by an event loop.

Only what is needed to follow a log over its rotation and to see files appear: add a watch, read the events
that are there. Nothing here waits.
"""

from __future__ import annotations

import os
import struct
from types import TracebackType
from typing import Final, NamedTuple

from hythe.kernel.syscall import libc_call

IN_MODIFY: Final = 0x2
IN_CLOSE_WRITE: Final = 0x8
IN_MOVED_FROM: Final = 0x40
IN_MOVED_TO: Final = 0x80
IN_CREATE: Final = 0x100
IN_DELETE: Final = 0x200
IN_DELETE_SELF: Final = 0x400
IN_MOVE_SELF: Final = 0x800
IN_Q_OVERFLOW: Final = 0x4000

_EVENT: Final = struct.Struct("iIII")


class Event(NamedTuple):
    """`name` is set for a change inside a watched directory; `watch` as `add` returned it (-1: overflow)."""

    watch: int
    mask: int
    name: str


def decode(data: bytes) -> list[Event]:
    """The events in what read(2) returned."""
    events: list[Event] = []
    position = 0
    while position < len(data):
        watch, mask, _, length = _EVENT.unpack_from(data, position)
        position += _EVENT.size
        name = data[position : position + length].rstrip(b"\0")
        position += length
        events.append(Event(watch, mask, os.fsdecode(name)))
    return events


class Inotify:
    """An inotify instance. `fileno()` is non-blocking and readable when `read` has something to say."""

    def __init__(self) -> None:
        self._fd = libc_call("inotify_init1", os.O_CLOEXEC | os.O_NONBLOCK)

    def fileno(self) -> int:
        return self._fd

    def add(self, path: str, mask: int) -> int:
        """Watch `path`; the watch's number. Raises OSError."""
        return libc_call("inotify_add_watch", self._fd, path, mask, path=path)

    def remove(self, watch: int) -> None:
        libc_call("inotify_rm_watch", self._fd, watch)

    def read(self) -> list[Event]:
        """What has happened since the last call; empty when nothing has."""
        try:
            return decode(os.read(self._fd, 1 << 16))
        except BlockingIOError:
            return []

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Inotify:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
