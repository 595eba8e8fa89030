"""Keeping the cluster's programs running: what `hythe kube up --foreground` is, and what `hythe kube up` leaves behind.

    started together --> each says "ready" on a pipe --> all ready: told
    one ends         --> started again, after a pause that doubles with each failure
    SIGTERM, SIGINT  --> ended in the opposite order; the engine's containers run on
    SIGUSR1          --> all but the first are ended, for good: the engine is left, for its pods to be removed

The programs die with the supervisor (their parent-death signal), so that none is left without one, and a new supervisor
finds the field clear. Standard library only: it stays in memory for as long as the cluster runs.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from hythe.errors import Unavailable
from hythe.kernel.process import die_with_parent
from hythe.kube.cluster.tail import tail

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 10.0
_CALM: Final = 30.0
"""A program that ran as long as this, in seconds, begins with the shortest pause again."""
_PATIENCE: Final = 10.0
"""Seconds that a program has to end after SIGTERM."""


@dataclass
class Program:
    """One program: its command without the flag for the ready descriptor, and where its output goes."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    ready: bool = False
    began: float = 0.0
    pause: float = _FIRST_PAUSE
    log_begin: int = 0
    _pipe: int = field(default=-1, repr=False)

    def start(self) -> int:
        """Start it; gives the descriptor on which it will say that it is ready."""
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        ours, theirs = os.pipe()
        output: IO[bytes]
        with self.log.open("ab") as output:
            self.log_begin = output.tell()
            self.process = subprocess.Popen(
                [*self.command, "--ready-fd", str(theirs)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=[theirs], cwd="/",
                preexec_fn=_die_with_supervisor, start_new_session=True,
            )  # fmt: skip
        os.close(theirs)
        self.began, self.ready, self._pipe = time.monotonic(), False, ours
        return ours

    def said_ready(self) -> bool:
        """Read its pipe; False when it closed it without a word."""
        self.ready = bool(os.read(self._pipe, 1))
        os.close(self._pipe)
        self._pipe = -1
        return self.ready

    def end(self) -> None:
        """Have it ended, by force if it takes too long."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _die_with_supervisor() -> None:
    die_with_parent(signal.SIGTERM)


class Supervisor:
    """Runs in the calling thread, which must be the main one."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = programs
        self._selector = selectors.DefaultSelector()
        self._wake, self._signal = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._stopping = self._narrowing = False
        self._due: list[tuple[float, Program]] = []

    def run(self, ready: Callable[[], None], narrowed: Callable[[], None]) -> None:
        """Until a signal; `ready` is called when all programs are, `narrowed` when one alone is left.

        Raises Unavailable if one fails before all are ready.
        """
        signal.set_wakeup_fd(self._signal, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGUSR1, self._narrow)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        try:
            for program in self._programs:
                self._start(program)
            self._loop(ready, narrowed)
        finally:
            for program in reversed(self._programs):
                program.end()

    def _loop(self, ready: Callable[[], None], narrowed: Callable[[], None]) -> None:
        told = False
        while not self._stopping:
            for key, _ in self._selector.select(self._patience()):
                if key.data is None:
                    os.read(self._wake, 4096)
                else:
                    key.data()
            if self._narrowing:
                self._end_all_but_first()
                narrowed()
            if not told:
                self._check()
                if all(program.ready for program in self._programs):
                    told = True
                    ready()
            self._start_due()

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _narrow(self, _number: int, _frame: object) -> None:
        self._narrowing = True

    def _end_all_but_first(self) -> None:
        self._narrowing = False
        for program in reversed(self._programs[1:]):
            program.end()
        self._programs = self._programs[:1]
        self._due = [entry for entry in self._due if entry[1] in self._programs]

    def _start(self, program: Program) -> None:
        pipe = program.start()
        assert program.process is not None
        watch = os.pidfd_open(program.process.pid)

        def heard() -> None:
            self._selector.unregister(pipe)
            program.said_ready()

        def ended() -> None:
            self._selector.unregister(watch)
            os.close(watch)
            self._ended(program)

        self._selector.register(pipe, selectors.EVENT_READ, heard)
        self._selector.register(watch, selectors.EVENT_READ, ended)

    def _ended(self, program: Program) -> None:
        assert program.process is not None
        program.process.wait()
        program.ready = False
        if program not in self._programs:
            return
        if time.monotonic() - program.began > _CALM:
            program.pause = _FIRST_PAUSE
        self._due.append((time.monotonic() + program.pause, program))
        program.pause = min(program.pause * 2, _LONGEST_PAUSE)

    def _check(self) -> None:
        """While the cluster comes up, a program that ends is a failure of the whole."""
        if self._due:
            program = self._due[0][1]
            said = tail(program.log, program.log_begin)
            raise Unavailable(f"{program.name} did not start; the end of {program.log}:\n{said}")

    def _patience(self) -> float | None:
        return max(0.0, min(due for due, _ in self._due) - time.monotonic()) if self._due else None

    def _start_due(self) -> None:
        now = time.monotonic()
        for entry in [entry for entry in self._due if entry[0] <= now]:
            self._due.remove(entry)
            if not self._stopping:
                self._start(entry[1])
