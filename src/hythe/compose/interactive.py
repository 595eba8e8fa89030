"""A terminal, or pipes, joined to a process in a container: for exec and run.

Our terminal is raw while it lasts, and its size follows ours. Input is copied by a thread, for a read from a
terminal cannot be interrupted; the container's output by the caller's.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from queue import SimpleQueue
from typing import Final

from hythe.client.hijack import Hijacked
from hythe.errors import HytheError

_CHUNK: Final = 64 * 1024
Resize = Callable[[int, int], None]


def exchange(streams: Hijacked, *, terminal: bool, stdin: bool, resize: Resize) -> None:
    """Copy both ways until the output has ended."""
    raw = _raw(sys.stdin.fileno()) if terminal and stdin and sys.stdin.isatty() else nullcontext()
    with raw, _sizes(resize) if terminal and sys.stdout.isatty() else nullcontext():
        if stdin:
            threading.Thread(target=_send, args=(streams,), daemon=True).start()
        sys.stdout.flush()
        for stream, data in streams.output(tty=terminal):
            rest = data
            while rest:
                rest = rest[os.write(2 if stream == 2 else 1, rest) :]


def size() -> tuple[int, int] | None:
    """(height, width) of our terminal, if output goes to one."""
    try:
        found = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return None
    return found.lines, found.columns


@contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _sizes(resize: Resize) -> Iterator[None]:
    """Tell the process's terminal the size of ours now, and when it changes."""
    changed: SimpleQueue[bool] = SimpleQueue()
    changed.put(True)

    def follow() -> None:
        while changed.get():
            found = size()
            try:
                if found is not None:
                    resize(*found)
            except HytheError:
                continue  # not begun yet, or over; the next change will tell it

    threading.Thread(target=follow, daemon=True).start()
    before = signal.signal(signal.SIGWINCH, lambda *_: changed.put(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
        changed.put(False)


def _send(streams: Hijacked) -> None:
    try:
        while data := os.read(0, _CHUNK):
            streams.write(data)
    except OSError:
        return  # our input or the process has gone; the output says when it is over
    streams.end_input()
