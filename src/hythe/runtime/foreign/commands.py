"""Running the runtime's program without waiting for it: a fork, and a callback when it has been reaped.

What it leaves behind (a container's first process, an exec) becomes the warden's child when the program ends, and
may have ended before that: the statuses of children that nobody knows yet are kept while any program runs.

The child dies with the warden (prctl(2), PR_SET_PDEATHSIG): a container is whole and recorded, or half-made and
removed by the next warden, and never made behind its back.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from hythe.errors import CannotStart, HytheError
from hythe.kernel import process
from hythe.runtime.foreign.program import ENVIRONMENT, command, last_error
from hythe.runtime.fork import Forker, Pipes
from hythe.runtime.init.channel import Channel
from hythe.runtime.protocol import Program, decode, error_of

Done = Callable[["Outcome"], None]


class Outcome(NamedTuple):
    """How a program ended: `ok`, or `reason` in its own words; `error` when it could not even be run.

    `silent`: it gave no reason, at least not where it was asked to.
    """

    ok: bool
    reason: str
    error: HytheError | None
    silent: bool


class Call(NamedTuple):
    """A program for a container: `folder` takes its state ("oci") and its passing files."""

    program: Program
    folder: str
    words: list[str]


class _Running(NamedTuple):
    channel: socket.socket
    log: str
    printed: int
    done: Done


class Commands:
    """`open_files`: the limit (soft, hard) that containers start from."""

    def __init__(self, forker: Forker, open_files: tuple[int, int]) -> None:
        self._forker = forker
        self._open_files = open_files
        self._running: dict[int, _Running] = {}
        self._orphans: dict[int, int] = {}
        self._count = 0

    def run(
        self,
        call: Call,
        done: Done,
        *,
        pipes: Pipes | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """`before` is done in the child. With `pipes` these are the program's streams, and stay ours to close.

        Raises OSError when nothing could be forked.
        """
        self._count += 1
        log = f"{call.folder}/{self._count}.log"
        argv = command(call.program, f"{call.folder}/oci", log, call.words)
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        printed = os.open(f"{log}.err", os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        streams = pipes or Pipes((null, null, printed), -1, -1, -1)
        try:
            born = self._forker.fork(lambda channel: self._become(argv, before, channel), streams, None)
        except BaseException:
            os.close(printed)
            raise
        finally:
            os.close(null)
        self._running[born.pid] = _Running(born.channel, log, printed, done)

    def _become(self, argv: list[str], before: Callable[[], None], channel: Channel) -> int:
        process.die_with_parent(signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_NOFILE, self._open_files)
        os.umask(0o022)
        os.chdir("/")
        before()
        try:
            os.execve(argv[0], argv, ENVIRONMENT)
        except OSError as error:
            raise CannotStart(f"cannot run the runtime {argv[0]}: {error.strerror}", exit_code=125) from error

    def ended(self, pid: int, code: int) -> None:
        """A child has been reaped that is no container's process (yet)."""
        running = self._running.pop(pid, None)
        if running is None:
            if self._running:
                self._orphans[pid] = code
            return
        try:
            running.done(self._outcome(running, code))
        finally:
            if not self._running:
                self._orphans.clear()

    def orphan(self, pid: int) -> int | None:
        """The exit code (negative: signal) of a process that has been reaped before it was known; once."""
        return self._orphans.pop(pid, None)

    @staticmethod
    def _outcome(running: _Running, code: int) -> Outcome:
        error = _last_words(running.channel)
        running.channel.close()
        log = _taken(running.log)
        printed = os.pread(running.printed, 1 << 16, 0).decode(errors="replace")
        os.close(running.printed)
        discard(f"{running.log}.err")
        if code == 0 and error is None:
            return Outcome(ok=True, reason="", error=None, silent=True)
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        reason = last_error(log, printed)
        return Outcome(ok=False, reason=reason or f"it ended with {how}", error=error, silent=not reason)


def _last_words(channel: socket.socket) -> HytheError | None:
    """Why the child did not come to exec."""
    with suppress(BlockingIOError, ConnectionError):
        packet = channel.recv(1 << 16)
        if packet:
            return error_of(decode(packet)["error"])
    return None


def _taken(path: str) -> str:
    """The text of the file, which is removed; "" where there is none."""
    try:
        with open(path, errors="replace") as file:
            text = file.read()
    except FileNotFoundError:
        return ""
    discard(path)
    return text


def discard(path: str) -> None:
    """Remove a passing file. A container that has been removed meanwhile took it along."""
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108
