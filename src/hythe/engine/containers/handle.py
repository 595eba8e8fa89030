"""One container in the daemon's memory: its record, its lock, and who waits for it.

`lock` is held by whatever changes what the container *is* (start, clean-up after an exit, remove, rename,
connect) or sends it a signal, but by nobody who waits for it to end: `kill` works while `stop` waits. `idle` is
set whenever no process runs and the clean-up after the last one is done. `attaching` are clients that came before
the start. `keepers` are restarts under way, between whose stop and start --rm removes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hythe.engine.model import Container, ExitInfo
from hythe.engine.runtime import Attachment
from hythe.errors import Conflict, NotFound


@dataclass
class Handle:
    record: Container
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    removed: bool = False
    restart: asyncio.Task[None] | None = None
    restart_delay: float = 0.0
    health: asyncio.Task[None] | None = None
    attaching: list[Attachment] = field(default_factory=list)
    announced: int = 0
    keepers: int = 0
    all_attached: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: dict[str, list[asyncio.Future[ExitInfo]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.idle.set()
        self.all_attached.set()

    @contextmanager
    def announce(self) -> Iterator[None]:
        """Around handing over a client that has been answered already: a start waits for it."""
        self.announced += 1
        self.all_attached.clear()
        try:
            yield
        finally:
            self.announced -= 1
            if not self.announced:
                self.all_attached.set()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Around a restart: its stop does not remove a container with --rm."""
        self.keepers += 1
        try:
            yield
        finally:
            self.keepers -= 1

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def running(self) -> bool:
        """A process exists: running or paused."""
        return self.record.state.status in ("running", "paused")

    def check_exists(self) -> None:
        """Raises NotFound for one that was removed while its lock was waited for."""
        if self.removed:
            raise NotFound(f"No such container: {self.id}")

    def check_runs(self) -> None:
        """Raises Conflict, in docker's words, where there is no process: running and paused pass."""
        self.check_exists()
        if self.record.state.status == "restarting":
            raise Conflict(f"Container {self.id} is restarting, wait until the container is running")
        if not self.running:
            raise Conflict(f"container {self.id} is not running", hint=f"hythe start {self.record.name}")

    def exit_info(self) -> ExitInfo:
        return ExitInfo(self.record.state.exit_code)

    def waiter(self, condition: str) -> asyncio.Future[ExitInfo]:
        """A future for "not-running" (at once if so), "next-exit" or "removed"; registered at this call.

        As with dockerd, an exit that a restart follows ends both of the first.
        """
        future: asyncio.Future[ExitInfo] = asyncio.get_running_loop().create_future()
        waiting = self.running or self.record.state.status == "restarting"
        if condition == "not-running" and not waiting:
            future.set_result(self.exit_info())
        else:
            self._waiting.setdefault(condition, []).append(future)
        return future

    def resolve(self, *conditions: str) -> None:
        """Tell those who wait for `conditions` how the last process ended."""
        info = self.exit_info()
        for condition in conditions:
            for future in self._waiting.pop(condition, []):
                if not future.done():
                    future.set_result(info)

    def cancel_restart(self) -> None:
        """Forget a pending restart."""
        if self.restart is not None:
            self.restart.cancel()
        self.restart = None
