"""A program under a terminal of its own: type, read what it shows until something appears, resize, hang up.

The terminal is a pty made here; the program is its session leader, as it is under a terminal emulator.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.waiting import PATIENCE

WAIT_SECONDS = 15


class Terminal:
    """`shown` is everything the program has printed so far."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self.master, self.process, self.shown = master, process, ""
        self._seen = 0

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def expect(self, words: str, seconds: float = WAIT_SECONDS) -> str:
        """Read until `words` appear after what was expected before; the text up to and with them."""
        deadline = time.monotonic() + seconds * PATIENCE
        while (at := self.shown.find(words, self._seen)) < 0:
            assert self._read(deadline - time.monotonic()), f"no {words!r} in {self.shown[self._seen :]!r}"
        text = self.shown[self._seen : at + len(words)]
        self._seen = at + len(words)
        return text

    def shows(self, words: str, seconds: float) -> bool:
        """Whether `words` appear within the time."""
        deadline = time.monotonic() + seconds * PATIENCE
        while words not in self.shown[self._seen :]:
            if not self._read(deadline - time.monotonic()):
                return False
        return True

    def resize(self, rows: int, columns: int) -> None:
        """Another size, and the signal by which a terminal tells its program."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def end(self, seconds: float = WAIT_SECONDS) -> int:
        """Read on until the program has ended; its exit code."""
        deadline = time.monotonic() + seconds * PATIENCE
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0, seconds))
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


@contextmanager
def terminal(
    command: Sequence[str], env: Mapping[str, str], rows: int = 24, columns: int = 80
) -> Iterator[Terminal]:
    """The program under a terminal of that size; at the end it is killed if it still runs."""
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        command,
        env={**env, "TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)
