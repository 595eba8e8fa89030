"""How long a history is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hythe.kube.store.compactor import LOOKS, Compactor
from hythe.kube.store.sqlite.store import SqliteStore


class Time:
    """`advance` lets the compactor sleep through a look."""

    def __init__(self) -> None:
        self._go = asyncio.Semaphore(0)
        self._slept = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self._slept.release()
        await self._go.acquire()

    async def advance(self, looks: int = 1) -> None:
        """Returns when the compactor sleeps again."""
        for _ in range(looks):
            await self._slept.acquire()
            self._go.release()
        await self._slept.acquire()
        self._slept.release()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "store.db")
    yield opened
    await opened.close()


async def test_what_was_there_the_last_time_is_given_up(store: SqliteStore) -> None:
    time = Time()
    compactor = Compactor(store, keep=1000, sleep=time.sleep)
    first = await store.create("/a", b"x")
    compactor.start()
    await time.advance(0)
    for number in range(5):
        await store.create(f"/{number}", b"x")
    await time.advance(LOOKS)
    assert await store.compacted() == first
    last = await store.revision()
    await time.advance(LOOKS)
    assert await store.compacted() == last
    await time.advance(LOOKS)
    assert await store.revision() == last, "a store at rest is left alone"
    await compactor.stop()


async def test_too_much_is_given_up_sooner(store: SqliteStore) -> None:
    time = Time()
    compactor = Compactor(store, keep=10, sleep=time.sleep)
    compactor.start()
    await time.advance(0)
    for number in range(30):
        await store.create(f"/{number}", b"x")
    await time.advance(1)
    assert await store.compacted() == 20
    await compactor.stop()
