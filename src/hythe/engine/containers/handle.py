"""One container in the daemon's memory: its record, its lock, and who waits for it.

`lock` is held by whatever changes what the container *is* (start, clean-up after an exit, remove, rename,
connect); signals are sent without it, so that `kill` works while `stop` waits. `idle` is set whenever no
process runs and the clean-up after the last one is done. `attaching` are clients that came before the start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hythe.engine.model import Container, ExitInfo
from hythe.engine.runtime import Attachment


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

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def running(self) -> bool:
        """A process exists: running or paused."""
        return self.record.state.status in ("running", "paused")

    def exit_info(self) -> ExitInfo:
        return ExitInfo(self.record.state.exit_code)

    def waiter(self, condition: str) -> asyncio.Future[ExitInfo]:
        """A future for "not-running" (at once if so), "next-exit" or "removed"; registered at this call."""
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
        """Forget a pending restart, unless it is the one that calls."""
        if self.restart is not None and self.restart is not asyncio.current_task():
            self.restart.cancel()
        self.restart = None
