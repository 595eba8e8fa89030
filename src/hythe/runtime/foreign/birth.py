"""A process that a runtime is to leave behind: where its pid and its terminal arrive, and its pipes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hythe.kernel import identity
from hythe.runtime.foreign.commands import discard
from hythe.runtime.foreign.console import Console
from hythe.runtime.fork import Pipes
from hythe.runtime.loop import Loop
from hythe.runtime.stdio import Streams
from hythe.runtime.task import Phase, Task


class Birth:
    """`folder` and `name` say where its passing files are; `pipes` are closed or given to `streams`.

    Pipes are read once the runtime has succeeded: what it says of its own failure is no output of a container.
    """

    def __init__(
        self, loop: Loop, folder: str, name: str, streams: Streams, pipes: Pipes, *, terminal: bool
    ) -> None:
        self._pid_file = f"{folder}/{name}.pid"
        self._streams = streams
        self._pipes = pipes
        self._console = Console(loop, folder, f"{name}.sock", streams.set_terminal) if terminal else None

    @property
    def words(self) -> list[str]:
        """The options that go with it."""
        words = ["--pid-file", self._pid_file]
        return words if self._console is None else [*words, "--console-socket", self._console.path]

    @contextmanager
    def begin(self) -> Iterator[None]:
        """Around the fork, after which the program has its own copies of the child's side."""
        try:
            yield
        except BaseException:
            self.failed()
            raise
        finally:
            self._pipes.close_child()

    def done(self, exec_id: str | None, phase: Phase) -> Task:
        """The process, whose streams are served from now on."""
        with open(self._pid_file) as file:
            pid = int(file.read())
        self._end()
        for fd, stream in ((self._pipes.stdout, 1), (self._pipes.stderr, 2)):
            if fd >= 0:
                self._streams.add_output(fd, stream)
        try:
            started = identity.start_time(pid)
        except OSError:
            started = 0  # it has ended and been reaped
        return Task(pid, started, self._streams, exec_id=exec_id, phase=phase)

    def failed(self) -> str:
        """There is none; what was printed instead."""
        printed = b""
        if self._pipes.stderr >= 0:
            os.set_blocking(self._pipes.stderr, False)
            with suppress(BlockingIOError):
                printed = os.read(self._pipes.stderr, 1 << 16)
        for fd in (self._pipes.stdout, self._pipes.stderr):
            if fd >= 0:
                os.close(fd)
        self._end()
        self._streams.close()
        return (printed.decode(errors="replace").strip().splitlines() or [""])[-1]

    def _end(self) -> None:
        if self._console is not None:
            self._console.collect()
            self._console.close()
        discard(self._pid_file)
