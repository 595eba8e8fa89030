"""Being the parent of a process in the foreground: its signals, its terminal, its end.

All signals that may be passed on are blocked before the fork and read from a descriptor, so that none is lost. With
a terminal of its own our terminal is made raw, and bytes go both ways until the process has ended and what it
wrote has been read.
"""

from __future__ import annotations

import os
import signal
import sys

from hythe.kernel import process

_OURS = ("SEGV", "BUS", "FPE", "ILL", "TRAP", "ABRT", "KILL", "STOP", "PIPE", "URG", "XFSZ")
_CHUNK = 1 << 16


def block_signals() -> int:
    """The descriptor to read them from."""
    ours = {getattr(signal, f"SIG{name}") for name in _OURS}
    return process.signalfd(sorted(set(range(1, 32)) - {int(number) for number in ours}))


def follow(pid: int, signals: int, master: int) -> int:
    """Until the child `pid` has ended; its exit code, 128 + n for a signal. `master`: its terminal's, or -1."""
    if master < 0:
        os.set_blocking(signals, True)
        while True:
            code = _heed(pid, signals, -1)
            if code is not None:
                return code
    with _Raw():
        _resize(master)
        return _relay(pid, signals, master)


def _heed(pid: int, signals: int, master: int) -> int | None:
    """Read pending signals and act on them; the exit code when the child has ended."""
    try:
        data = os.read(signals, process.SIGNALFD_SIZE)
    except BlockingIOError:
        return None
    number = int.from_bytes(data[:4], sys.byteorder)
    if number == signal.SIGCHLD:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
    elif number == signal.SIGWINCH and master >= 0:
        _resize(master)
    else:
        os.kill(pid, number)
    return None


def _resize(master: int) -> None:
    """Give the terminal the size of ours, where we have one."""
    import fcntl
    import termios

    try:
        fcntl.ioctl(master, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return


def _relay(pid: int, signals: int, master: int) -> int:
    import select

    os.set_blocking(master, False)
    poller = select.poll()
    poller.register(signals, select.POLLIN)
    poller.register(master, select.POLLIN)
    poller.register(0, select.POLLIN)
    reading, pending, code = True, b"", None
    while code is None:
        for fd, _ in poller.poll():
            if fd == signals:
                code = _heed(pid, signals, master)
            elif fd == master and not _drain(master):
                poller.unregister(master)
                master, reading = -1, False
            elif fd == 0:
                data = os.read(0, _CHUNK)
                pending += data
                if not data:
                    poller.unregister(0)
        if pending and master >= 0:
            pending = _push(master, pending)
            poller.modify(master, select.POLLIN | (select.POLLOUT if pending else 0))
    if reading:
        _drain(master)
    return code


def _push(master: int, data: bytes) -> bytes:
    """Write what it takes; the rest."""
    try:
        return data[os.write(master, data) :]
    except BlockingIOError:
        return data
    except OSError:
        return b""


def _drain(master: int) -> bool:
    """Copy what there is to standard output; False when all other ends are closed."""
    while True:
        try:
            data = os.read(master, _CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        while data:
            data = data[os.write(1, data) :]


class _Raw:
    """Standard input raw while in the `with`, if it is a terminal."""

    def __enter__(self) -> None:
        self._saved = None
        if os.isatty(0):
            import termios
            import tty

            self._saved = termios.tcgetattr(0)
            tty.setraw(0)

    def __exit__(self, *_: object) -> None:
        if self._saved is not None:
            import termios

            termios.tcsetattr(0, termios.TCSADRAIN, self._saved)
