"""A view in memory of what the store has under a prefix: listed once, then watched.

When the history that a view needs is gone, it is read anew, and what is no longer there is taken out of it.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Final

from hythe.errors import Unavailable
from hythe.kube.store.contract import Compacted, Store, Watch

log = logging.getLogger("hythe.kube.apiserver")
RETRY_SECONDS: Final = 1.0


class Follower:
    """Subclasses say what a change means. `start` returns when the view is what the store has."""

    def __init__(self, store: Store, prefix: str) -> None:
        self.prefix = prefix
        self._store = store
        self._keys: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def changed(self, key: str, value: bytes) -> None:
        """A key is there, or has another value."""
        raise NotImplementedError

    def gone(self, key: str) -> None:
        raise NotImplementedError

    async def start(self) -> None:
        """Raises what the store raises."""
        watch = await self._read()
        self._task = asyncio.create_task(self._follow(watch), name=f"follow {self.prefix}")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _read(self) -> Watch:
        page = await self._store.list(self.prefix)
        for key in self._keys - {record.key for record in page.records}:
            self._apply(key, None)
        for record in page.records:
            self._apply(record.key, record.value)
        return await self._store.watch(self.prefix, page.revision)

    async def _follow(self, watch: Watch | None) -> None:
        while True:
            try:
                watch = watch or await self._read()
                async for batch in watch:
                    for event in batch.events:
                        self._apply(event.key, event.value)
                return  # the store is closed
            except Compacted:
                log.info("%s: the history is gone, reading anew", self.prefix)
            except Unavailable as error:
                log.warning("%s: %s", self.prefix, error)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                if watch is not None:
                    watch.close()
            watch = None

    def _apply(self, key: str, value: bytes | None) -> None:
        try:
            if value is None:
                self._keys.discard(key)
                self.gone(key)
            else:
                self._keys.add(key)
                self.changed(key, value)
        except (ValueError, KeyError, TypeError, AttributeError):
            log.exception("%s cannot be read", key)
