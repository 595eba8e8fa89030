"""This side's terminal, or pipes, joined to a process in a container.

Our terminal is raw while it lasts, and the process's follows its size. Output is copied by the caller's thread,
input by a daemon thread, for a read from a terminal cannot be interrupted.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import sys
import termios
import threading
import tty as modes
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from hythe.errors import HytheError

if TYPE_CHECKING:
    from hythe.client.hijack import Hijacked

_CHUNK: Final = 64 * 1024
Resize = Callable[[int, int], None]


def exchange(
    streams: Hijacked, *, tty: bool, stdin: bool, resize: Resize, typed: Callable[[bytes], None] | None = None
) -> None:
    """Copy both ways until the output has ended; our terminal is raw where there is one on both sides.

    `resize` is told the height and width of our terminal, `typed` all that is read from it.
    """
    with _raw(sys.stdin.fileno()) if tty and stdin else nullcontext(), _follow_size(tty, resize):
        if stdin:
            threading.Thread(target=_send, args=(streams, typed), daemon=True).start()
        write(streams.output(tty=tty))


def write(pieces: Iterator[tuple[int, bytes]]) -> None:
    """Copy (stream, data) pairs to our own standard output and errors, unbuffered."""
    sys.stdout.flush()
    for stream, data in pieces:
        descriptor = 2 if stream == 2 else 1
        while data:
            data = data[os.write(descriptor, data) :]


def size() -> tuple[int, int] | None:
    """(height, width) in characters of the terminal that output goes to."""
    for stream in (sys.stdout, sys.stdin):
        try:
            answer = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        except (OSError, ValueError):
            continue
        height, width, _, _ = struct.unpack("HHHH", answer)
        if height and width:
            return height, width
    return None


@contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Pass every key on as it is; restored at the end, whatever happens. Nothing if it is no terminal."""
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    try:
        modes.setraw(descriptor, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _follow_size(tty: bool, resize: Resize) -> Iterator[None]:
    """Tell the program's terminal the size of ours, now and whenever it changes."""
    if not tty or size() is None:
        yield
        return
    changed: SimpleQueue[bool] = SimpleQueue()
    changed.put(True)
    threading.Thread(target=_resize, args=(changed, resize), daemon=True).start()
    before = signal.signal(signal.SIGWINCH, lambda *_: changed.put(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
        changed.put(False)


def _resize(changed: SimpleQueue[bool], resize: Resize) -> None:
    while changed.get():
        now = size()
        try:
            if now is not None:
                resize(*now)
        except HytheError:
            continue  # not started yet, or already over: its next change of size will tell it


def _send(streams: Hijacked, typed: Callable[[bytes], None] | None) -> None:
    try:
        while data := os.read(0, _CHUNK):
            if typed is not None:
                typed(data)
            streams.write(data)
    except OSError:
        return  # our input or the program has gone; the output says when it is over
    streams.end_input()
