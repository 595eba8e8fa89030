"""The contract kept by etcd."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from hythe.errors import HytheError, Unavailable
from hythe.kube.store.contract import Batch, Compacted, FutureRevision, Page, Record
from hythe.kube.store.etcd.channel import Channel, Credentials, InTheFuture, WasCompacted
from hythe.kube.store.etcd.feed import Feed
from hythe.kube.store.etcd.keyvalue import KeyValue
from hythe.kube.store.etcd.leases import Leases
from hythe.kube.store.etcd.messages import message
from hythe.kube.store.hub import HubWatch
from hythe.kube.store.keys import check_key, check_page, check_prefix, check_value
from hythe.kube.store.lifetimes import end_of_life


class EtcdStore:
    """A `contract.Store`. Made by `open`."""

    def __init__(self, channel: Channel, revision: int) -> None:
        self._channel = channel
        self._values = KeyValue(channel)
        self._leases = Leases(channel, end_of_life)
        self._feed = Feed(channel, revision)
        self._compacted = 0  # at least
        self._closed = False

    @classmethod
    async def open(cls, servers: Sequence[str], credentials: Credentials | None = None) -> EtcdStore:
        """`servers`: HOST:PORT each. Raises InvalidArgument, Unavailable, SystemProblem."""
        channel = Channel(servers, credentials)
        try:
            store = cls(channel, await KeyValue(channel).revision())
            await store._feed.start()
        except BaseException:
            await channel.close()
            raise
        return store

    async def revision(self) -> int:
        self._check_open()
        return await self._values.revision()

    async def create(self, key: str, value: bytes, *, ttl: float | None = None) -> int:
        self._check_open()
        check_key(key)
        check_value(key, value)
        return await self._values.create(key, value, await self._leases.lease(ttl))

    async def update(self, key: str, value: bytes, expected: int, *, ttl: float | None = None) -> int:
        self._check_open()
        check_key(key)
        check_value(key, value)
        return await self._values.update(key, value, expected, await self._leases.lease(ttl))

    async def delete(self, key: str, expected: int) -> int:
        self._check_open()
        check_key(key)
        return await self._values.delete(key, expected)

    async def get(self, key: str, at: int | None = None) -> Record | None:
        self._check_open()
        check_key(key)
        check_page(at, 0)
        try:
            return await self._values.get(key, at)
        except (WasCompacted, InTheFuture) as error:
            raise await self._out_of_range(error, at) from error

    async def list(self, prefix: str, *, at: int | None = None, limit: int = 0, after: str = "") -> Page:
        self._check_open()
        check_prefix(prefix)
        check_page(at, limit)
        try:
            return await self._values.page(prefix, at, limit, after)
        except (WasCompacted, InTheFuture) as error:
            raise await self._out_of_range(error, at) from error

    async def count(self, prefix: str) -> int:
        self._check_open()
        check_prefix(prefix)
        return await self._values.count(prefix)

    async def watch(self, prefix: str, after: int | None = None) -> EtcdWatch:
        self._check_open()
        check_prefix(prefix)
        check_page(after, 0)
        hub = self._feed.hub
        if after is None:
            after = await self._values.revision()
        elif after > hub.revision and after > (current := await self._values.revision()):
            raise FutureRevision(after, current)
        elif after < hub.recent.start or after < self._compacted:
            await self._check_there(after)
        return EtcdWatch(hub.watch(prefix, after), self)

    async def compacted(self) -> int:
        """etcd does not say it, but refuses to read what is older. It only grows, so mostly one question is enough."""
        self._check_open()
        low, high = self._compacted, await self._values.revision()
        middle = low
        while low < high:  # the answer is within [low, high]
            if await self._values.is_there(middle):
                high = middle
            else:
                low = middle + 1
            middle = (low + high) // 2
        self._compacted = low
        return low

    async def _check_there(self, revision: int) -> None:
        if not await self._values.is_there(revision):
            raise Compacted(revision, await self.compacted())

    async def compact(self, revision: int) -> None:
        self._check_open()
        check_page(revision, 0)
        try:
            await self._channel.call("Compact", message("CompactionRequest")(revision=revision))
        except WasCompacted:
            pass
        except InTheFuture as error:
            raise await self._out_of_range(error, revision) from error

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._feed.stop()
        await self._channel.close()

    async def reached(self) -> None:
        """Returns when watchers have been told of all that was acknowledged before."""
        await self._feed.reach(await self.revision())

    async def _out_of_range(self, error: HytheError, at: int | None) -> HytheError:
        if isinstance(error, WasCompacted):
            return Compacted(at or 0, await self.compacted())
        return FutureRevision(at or 0, await self._values.revision())

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("the store is closed")


class EtcdWatch:
    """A hub's watch whose progress waits for etcd's: the hub may not have heard of the last change yet."""

    def __init__(self, watch: HubWatch, store: EtcdStore) -> None:
        self._watch, self._store = watch, store
        self._asking: asyncio.Task[None] | None = None

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        return await self._watch.__anext__()

    def request_progress(self) -> None:
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="etcd-progress")

    async def _ask(self) -> None:
        try:
            await self._store.reached()
        except HytheError:  # no progress can be told while etcd does not answer
            return
        finally:
            self._asking = None
        self._watch.request_progress()

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        self._watch.close()
