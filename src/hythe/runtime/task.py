"""One process that the warden is the parent of: a container's first, or an exec.

Life: *preparing* (between fork and "ready"), *ready* (a container's first process waits for its start),
*starting*, *running*, *ended*. Whoever asked for the next step is answered when it is reached, or fails.

A `Task` is any such process; a `ForkedTask` is one that was forked here and speaks over a channel.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from typing import Any, Literal, Protocol

from hythe.errors import CannotStart, HytheError
from hythe.runtime.fork import Born
from hythe.runtime.init.channel import PROCEED, START
from hythe.runtime.loop import IN, Loop
from hythe.runtime.protocol import ExitRecord, error_of
from hythe.runtime.stdio import Streams

Phase = Literal["preparing", "ready", "starting", "running", "ended"]


class Answer(Protocol):
    """Where the answer to a request goes; only the first one counts."""

    def ok(self, **body: Any) -> None: ...

    def error(self, error: BaseException) -> None: ...


class Task:
    """`exec_id` None: the container's first process. Owns the streams."""

    def __init__(
        self, pid: int, start_time: int, streams: Streams, *, exec_id: str | None, phase: Phase
    ) -> None:
        self.pid = pid
        self.start_time = start_time
        self.exec_id = exec_id
        self.streams = streams
        self.phase = phase
        self.failure: HytheError | None = None
        self.exit: ExitRecord | None = None

    def listen(self) -> None:
        """Take what the process has said so far."""

    def end(self, exit: ExitRecord) -> None:
        """The process has been reaped: drain its output."""
        self.phase, self.exit = "ended", exit
        self.streams.drain()


class ForkedTask(Task):
    """Owns the channel, too."""

    def __init__(
        self,
        loop: Loop,
        born: Born,
        streams: Streams,
        *,
        exec_id: str | None,
        start_time: int,
        answer: Answer,
        on_namespaces: Callable[[], None],
        on_running: Callable[[], None],
        on_listener: Callable[[int], None],
    ) -> None:
        super().__init__(born.pid, start_time, streams, exec_id=exec_id, phase="preparing")
        self._loop = loop
        self._channel: socket.socket | None = born.channel
        self._answer: Answer | None = answer
        self._on_namespaces = on_namespaces
        self._on_running = on_running
        self._on_listener = on_listener
        self._reaped = False
        loop.add(born.channel.fileno(), IN, lambda _: self.listen())

    def start(self, answer: Answer) -> None:
        """Let the waiting process exec; `answer` is given when it has, or could not."""
        assert self._channel is not None
        self.phase, self._answer = "starting", answer
        try:
            self._channel.send(START)
        except OSError:
            pass  # it has ended: that will be told by its exit

    def listen(self) -> None:
        """Take what the child has said so far."""
        while self._channel is not None:
            try:
                packet, fds, _, _ = socket.recv_fds(self._channel, 1 << 16, 4)
            except BlockingIOError:
                return
            except OSError:
                packet, fds = b"", []
            for fd in fds:
                os.set_inheritable(fd, False)
            if not packet:
                self._ended_line()
                return
            self._take(json.loads(packet), fds)

    def _take(self, message: dict[str, Any], fds: list[int]) -> None:
        kind = message["kind"]
        if kind == "namespaces":
            self._on_namespaces()
        elif kind == "ready":
            for fd in fds:
                self.streams.set_terminal(fd)
            if self.exec_id is None:
                self.phase = "ready"
                self._give(pid=self.pid, start_time=self.start_time, warnings=message.get("warnings") or [])
            else:
                self.phase = "starting"
        elif kind == "listener":
            self._give_listener(message["number"])
        elif kind == "error":
            self.failure = error_of(message["error"])

    def _give_listener(self, number: int) -> None:
        """A seccomp agent is told; where it cannot be, the process has been killed, and its end is the answer."""
        if self._reaped or self._channel is None:
            return  # its pid may be another's now
        try:
            self._on_listener(number)
            self._channel.send(PROCEED)
        except HytheError as error:
            self.failure = error
        except OSError:
            pass  # it has ended: that will be told by its exit

    def _ended_line(self) -> None:
        """The child's end is closed: it has exec'ed, or failed, or died."""
        self._close_line()
        if self.failure is None and self.phase == "starting":
            self.phase = "running"
            body = {"pid": self.pid} if self.exec_id is not None else {}
            self._give(**body)
            self._on_running()

    def _close_line(self) -> None:
        if self._channel is not None:
            self._loop.close(self._channel.detach())
            self._channel = None

    def _give(self, **body: Any) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.ok(**body)

    def end(self, exit: ExitRecord) -> None:
        """The process has been reaped: hear its last words, drain its output, answer who still waits."""
        self._reaped = True
        self.listen()
        self._close_line()
        started = self.phase == "running" and self.failure is None
        self.phase, self.exit = "ended", exit
        self.streams.drain()
        answer, self._answer = self._answer, None
        if not started and self.failure is None:
            how = f"signal {exit['signal']}" if exit["signal"] else f"exit code {exit['exit_code']}"
            self.failure = CannotStart(
                f"the process ended while it was being prepared ({how})", exit_code=125
            )
        if answer is not None and self.failure is not None:
            answer.error(self.failure)
