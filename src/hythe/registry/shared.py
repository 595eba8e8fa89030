"""Work that several want at the same time, done once.

    layer = await shared.do(chain_id, work, report)

The first who asks starts `work`; whoever asks for the same key while it runs gets its reports, the latest one at
once, and its result. When nobody is left who wants it, it is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from hythe.registry.progress import Message, Report

T = TypeVar("T")


class _Running(Generic[T]):
    """`listeners` are those who wait."""

    def __init__(self) -> None:
        self.listeners: list[Report] = []
        self.latest: Message | None = None
        self.task: asyncio.Future[T]

    def report(self, message: Message) -> None:
        self.latest = message
        for listener in self.listeners:
            listener(message)


class Shared(Generic[T]):
    """Results are not kept: what has been done is for others to know. For one event loop."""

    def __init__(self) -> None:
        self._running: dict[str, _Running[T]] = {}

    async def do(self, key: str, work: Callable[[Report], Awaitable[T]], report: Report) -> T:
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = _Running()
            running.task = asyncio.ensure_future(self._work(key, running, work))
        elif running.latest is not None:
            report(running.latest)
        running.listeners.append(report)
        try:
            return await asyncio.shield(running.task)
        finally:
            running.listeners.remove(report)
            if not running.listeners and not running.task.done():
                self._running.pop(key, None)
                running.task.cancel()

    async def _work(self, key: str, running: _Running[T], work: Callable[[Report], Awaitable[T]]) -> T:
        try:
            return await work(running.report)
        finally:
            if self._running.get(key) is running:
                del self._running[key]
