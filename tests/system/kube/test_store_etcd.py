"""A store on an etcd that goes away and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hythe.errors import Unavailable
from hythe.kube.store.contract import Compacted, Store
from hythe.kube.store.datastore import open_store
from tests.contract.etcd import Etcd
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[Etcd]:
    with Etcd(tmp_path) as server:
        yield server


async def written(store: Store, key: str) -> int:
    """As soon as the server answers again."""
    async with asyncio.timeout(60 * PATIENCE):
        while True:
            try:
                return await store.create(key, b"x")
            except Unavailable:
                await asyncio.sleep(0.1)


async def test_watches_go_on_over_a_restart(etcd: Etcd) -> None:
    store = await open_store(etcd.address)
    first = await store.create("/a", b"x")
    watch = await store.watch("/", first)
    etcd.stop()
    with pytest.raises(Unavailable):
        await store.get("/a")
    etcd.start()
    assert await written(store, "/b") == first + 1
    async with asyncio.timeout(30 * PATIENCE):
        assert [event.key for event in (await anext(aiter(watch))).events] == ["/b"]
    record = await store.get("/a")
    assert record is not None and record.revision == first
    await store.close()


async def test_history_that_went_while_away_is_told(etcd: Etcd) -> None:
    """Another API server compacts while this one's stream is broken."""
    store = await open_store(etcd.address)
    watch = await store.watch("/")
    etcd.stop()
    etcd.start()
    other = await open_store(etcd.address)
    last = 0
    for number in range(5):
        last = await other.create(f"/{number}", b"x")
    await other.compact(last)
    seen: list[int] = []
    async with asyncio.timeout(60 * PATIENCE):
        try:
            while len(seen) < 5:
                seen += [event.revision for event in (await anext(aiter(watch))).events]
        except Compacted:
            pass  # the stream was opened again after the compaction; else all were heard
    assert seen == list(range(last - 4, last + 1))[: len(seen)]
    await other.close()
    await store.close()


async def test_none_is_there() -> None:
    with pytest.raises(Unavailable, match="etcd does not answer"):
        await open_store("etcd://127.0.0.1:1")
