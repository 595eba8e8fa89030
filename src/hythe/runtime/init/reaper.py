"""The small init that `--init` asks for: pid 1 that forks the program, passes signals on and reaps orphans.

It stays in the process that set the container up, so nothing of the image runs as pid 1. Its cost is the
memory that this child of the warden has written to since the fork: about 3 MB a container, measured (the
rest is shared).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Final

_NOT_PASSED_ON: Final = frozenset(
    getattr(signal, f"SIG{name}")
    for name in ("CHLD", "SEGV", "BUS", "FPE", "ILL", "TRAP", "ABRT", "TTIN", "TTOU", "KILL", "STOP")
)


def serve(start: Callable[[], None], ready: Callable[[], None], *, terminal: bool) -> int:
    """Fork; the child calls `start`, which execs or exits. `ready` runs in pid 1 after the fork.

    Returns the exit code for pid 1: the program's own, or 128 + n.
    """
    signals = signal.valid_signals() - _NOT_PASSED_ON
    signal.pthread_sigmask(signal.SIG_BLOCK, signals | {signal.SIGCHLD})
    child = os.fork()
    if child == 0:
        _lead(terminal)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        start()
        os._exit(127)
    ready()
    while True:
        number = signal.sigwait(signals | {signal.SIGCHLD})
        if number != signal.SIGCHLD:
            _pass_on(child, number)
            continue
        code = _reap(child)
        if code is not None:
            return code


def _lead(terminal: bool) -> None:
    """The program leads a process group of its own, in the terminal's foreground."""
    os.setpgid(0, 0)
    if terminal:
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTTOU,))
        os.tcsetpgrp(0, os.getpid())


def _pass_on(child: int, number: int) -> None:
    try:
        os.kill(child, number)
    except (ProcessLookupError, PermissionError):
        return


def _reap(child: int) -> int | None:
    """Reap all that have ended; the exit code when `child` is among them."""
    found: int | None = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            found = code if code >= 0 else 128 - code
