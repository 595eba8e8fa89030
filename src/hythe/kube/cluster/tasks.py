"""The long-lived tasks of a program: one that ends by itself ends the program, with its error."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """Begun one by one, stopped together in the opposite order."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[Any]] = []

    def begin(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def until(self, stopping: asyncio.Event) -> None:
        """Wait until `stopping` is set or a task has ended; raises what that one raised."""
        waiting = asyncio.create_task(stopping.wait())
        try:
            done, _ = await asyncio.wait([waiting, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {waiting}:
                await task
        finally:
            waiting.cancel()

    async def stop(self) -> None:
        for task in reversed(self._tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._tasks.clear()
