"""Gives up old history: what is older than some minutes, and earlier when there is too much of it.

Every `seconds` the store is compacted to the revision that it had the last time, so that clients who come back within
that time can resume their watches. In between it is looked at a few times for the number of changes, and compacted when
there are more than `keep`. If nothing has been written since, nothing is done: a cluster at rest writes nothing.

It works on any store: it is what a Kubernetes API server does on etcd.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from hythe.errors import HytheError
from hythe.kube.store.contract import Store

log = logging.getLogger("hythe.kube.store")

SECONDS: Final = 300.0
KEEP: Final = 50_000
LOOKS: Final = 10
"""How often within `seconds` the number of changes is looked at."""


class Compactor:
    """Runs from `start` to `stop`."""

    def __init__(
        self,
        store: Store,
        seconds: float = SECONDS,
        keep: int = KEEP,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store, self._seconds, self._keep, self._sleep = store, seconds, keep, sleep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="kube-store-compactor")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        then = await self._now(0)
        while True:
            for _ in range(LOOKS):
                await self._sleep(self._seconds / LOOKS)
                await self._compact(await self._now(then) - self._keep)
            await self._compact(then)
            then = await self._now(then)

    async def _now(self, otherwise: int) -> int:
        try:
            return await self._store.revision()
        except HytheError as error:
            log.warning("cannot compact the store: %s", error)
            return otherwise

    async def _compact(self, revision: int) -> None:
        try:
            if revision > await self._store.compacted():
                await self._store.compact(revision)
                log.debug("the store is compacted to revision %d", revision)
        except HytheError as error:
            log.warning("cannot compact the store: %s", error)
