"""The contract kept by one SQLite file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from hythe.errors import HytheError, Unavailable
from hythe.kube.store.contract import Compacted, FutureRevision, Page, Record
from hythe.kube.store.hub import Hub, HubWatch
from hythe.kube.store.keys import check_key, check_page, check_prefix, check_value
from hythe.kube.store.sqlite.cache import RecordCache
from hythe.kube.store.sqlite.expiry import Expiry
from hythe.kube.store.sqlite.file import StoreFile
from hythe.kube.store.sqlite.history import History
from hythe.kube.store.sqlite.ledger import Change, Ledger
from hythe.kube.store.sqlite.reader import Reader
from hythe.kube.store.sqlite.writer import Writer


class SqliteStore:
    """A `contract.Store`. Made within the event loop that it is used from; raises what `StoreFile` raises.

    `now`: seconds since 1970, for keys that end.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self._file = StoreFile(path)
        self._cache = RecordCache()
        self._reader = Reader(self._file.reader, self._cache, str(path))
        self._ledger = Ledger(self._file.writer, self._cache)
        self._writer = Writer(self._file.writer, self._ledger, path, self._publish)
        self._hub = Hub(self._ledger.revision, self._reader.events)
        self._history = History(self._writer)
        self._expiry = Expiry(self._reader, self._writer, now)
        self._expiry.look()
        self._sweeping = asyncio.create_task(self._sweep(), name="kube-store-sweep")
        self._closed = False

    async def revision(self) -> int:
        self._check_open()
        return self._hub.revision

    async def create(self, key: str, value: bytes, *, ttl: float | None = None) -> int:
        check_key(key)
        check_value(key, value)
        end = self._expiry.end(ttl)
        return await self._change(lambda ledger: ledger.create(key, value, end), end)

    async def update(self, key: str, value: bytes, expected: int, *, ttl: float | None = None) -> int:
        check_key(key)
        check_value(key, value)
        end = self._expiry.end(ttl)
        return await self._change(lambda ledger: ledger.update(key, value, expected, end), end)

    async def delete(self, key: str, expected: int) -> int:
        check_key(key)
        self._check_open()
        change = await self._writer.submit(lambda ledger: ledger.delete(key, expected), frees=True)
        return change.event.revision

    async def get(self, key: str, at: int | None = None) -> Record | None:
        check_key(key)
        check_page(at, 0)
        self._check_open()
        return self._reader.get(key, at)

    async def list(self, prefix: str, *, at: int | None = None, limit: int = 0, after: str = "") -> Page:
        check_prefix(prefix)
        check_page(at, limit)
        self._check_open()
        return self._reader.page(prefix, at, limit, after)

    async def count(self, prefix: str) -> int:
        check_prefix(prefix)
        self._check_open()
        return self._reader.count(prefix)

    async def watch(self, prefix: str, after: int | None = None) -> HubWatch:
        check_prefix(prefix)
        check_page(after, 0)
        self._check_open()
        if after is None:
            return self._hub.watch(prefix, self._hub.revision)
        if after > self._hub.revision and after > (current := self._reader.revision()):
            raise FutureRevision(after, current)
        if after < (compacted := self._reader.compacted()):
            raise Compacted(after, compacted)
        return self._hub.watch(prefix, after)

    async def compacted(self) -> int:
        self._check_open()
        return self._reader.compacted()

    async def compact(self, revision: int) -> None:
        check_page(revision, 0)
        self._check_open()
        if revision > (current := self._hub.revision):
            raise FutureRevision(revision, current)
        await self._history.compact(revision)
        if self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep(), name="kube-store-sweep")

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._expiry.close()
        self._sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._sweeping
        await self._writer.close()
        self._hub.close()
        self._file.close()

    async def swept(self) -> None:
        """Returns when what has been compacted is gone from the file, too."""
        await asyncio.shield(self._sweeping)

    async def _change(self, apply: Callable[[Ledger], Change], end: int | None) -> int:
        self._check_open()
        change = await self._writer.submit(apply)
        if end is not None:
            self._expiry.note(end)
        return change.event.revision

    def _publish(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        for change in changes:
            self._cache.drop(change.replaced)
            if change.record is not None:
                self._cache.put(change.record)
        self._hub.publish([change.event for change in changes], changes[-1].event.revision)

    async def _sweep(self) -> None:
        with suppress(HytheError):
            await self._history.sweep()

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("the store is closed")
