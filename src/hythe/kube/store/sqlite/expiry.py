"""Keys that end by themselves, such as events.

Each has a row that says when to look, in whole seconds since 1970: ends at about the same time are put on the same
second, so that one wake-up and one fsync delete many. There is one timer, for the earliest row; without rows there is
none. When it fires, keys that are still at the revision of their row are deleted as by any writer; one that has been
written since is left alone, and its row goes.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from hythe.errors import HytheError
from hythe.kube.store.contract import RevisionMismatch
from hythe.kube.store.lifetimes import end_of_life
from hythe.kube.store.sqlite.reader import Reader
from hythe.kube.store.sqlite.writer import Writer

AT_ONCE: Final = 256
RETRY_SECONDS: Final = 30  # after a full disk


class Expiry:
    """The timer of one store."""

    def __init__(self, reader: Reader, writer: Writer, now: Callable[[], float] = time.time) -> None:
        self._reader, self._writer, self._now = reader, writer, now
        self._timer: asyncio.TimerHandle | None = None
        self._at: int | None = None
        self._task: asyncio.Task[None] | None = None

    def end(self, ttl: float | None) -> int | None:
        return None if ttl is None else end_of_life(self._now(), ttl)

    def note(self, at: int) -> None:
        """A key ends then: be there."""
        if self._at is not None and self._at <= at:
            return
        self.stop_timer()
        self._at = at
        self._timer = asyncio.get_running_loop().call_later(max(0.0, at - self._now()) + 0.01, self._fire)

    def look(self) -> None:
        """Set the timer by what is in the file."""
        at = self._reader.next_expiry()
        if at is not None:
            self.note(at)

    def stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._at = None, None

    async def close(self) -> None:
        self.stop_timer()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _fire(self) -> None:
        self.stop_timer()
        if self._task is None:
            self._task = asyncio.create_task(self._expire(), name="kube-store-expiry")

    async def _expire(self) -> None:
        try:
            while ended := self._reader.expired(int(self._now()), AT_ONCE):
                await asyncio.gather(*(self._delete(key, revision) for _, key, revision in ended))
                await self._writer.maintain(lambda connection, ended=ended: _forget(connection, ended))  # type: ignore[misc]
        except HytheError:  # a full disk, mostly
            self.note(int(self._now()) + RETRY_SECONDS)
        finally:
            self._task = None
        self.look()

    async def _delete(self, key: str, revision: int) -> None:
        with suppress(RevisionMismatch):
            await self._writer.submit(lambda ledger: ledger.delete(key, revision), frees=True)


def _forget(connection: sqlite3.Connection, ended: list[tuple[int, str, int]]) -> None:
    connection.executemany("DELETE FROM expiry WHERE at = ? AND key = ? AND revision = ?", ended)
