"""What is SQLite's alone: the file, its history's end, a full disk, and how it is opened."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hythe.errors import Conflict, InvalidArgument, NoSpace, SystemProblem
from hythe.kube.store.contract import Compacted, Event, Record
from hythe.kube.store.datastore import open_store
from hythe.kube.store.lifetimes import end_of_life
from hythe.kube.store.sqlite.file import APPLICATION
from hythe.kube.store.sqlite.store import SqliteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "store.db")
    yield opened
    await opened.close()


def rows(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        connection.close()


async def churn(store: SqliteStore, rounds: int, size: int = 100) -> int:
    """Fifty keys under /k/, each changed so often."""
    keys = [f"/k/{number}" for number in range(50)]
    at = await asyncio.gather(*(store.create(key, b"x" * size) for key in keys))
    for _ in range(rounds):
        changes = [store.update(key, os.urandom(size), was) for key, was in zip(keys, at, strict=True)]
        at = await asyncio.gather(*changes)
    return await store.revision()


class TestReopening:
    async def test_everything_is_there(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        store = SqliteStore(path)
        first = await store.create("/a", b"one")
        second = await store.update("/a", b"two", first)
        await store.delete("/b", await store.create("/b", b"x"))
        await store.close()
        again = SqliteStore(path)
        assert await again.get("/a") == Record("/a", b"two", second, first)
        assert await again.get("/a", first) == Record("/a", b"one", first, first)
        watch = await again.watch("/a", first)
        assert (await anext(watch)).events == [Event("/a", second, b"two", b"one")]
        assert await again.create("/c", b"x") == second + 3
        await again.close()

    async def test_compaction_is_kept_and_goes_on(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        store = SqliteStore(path)
        revision = await churn(store, 40)
        await store.compact(revision)
        await store.close()  # before the sweep has come far
        again = SqliteStore(path)
        await again.swept()
        assert await again.compacted() == revision
        with pytest.raises(Compacted):
            await again.watch("/", revision - 1)
        assert rows(path, "entries") == 51  # one for each key, and the one that the newest replaced
        await again.close()

    async def test_an_end_that_passed_while_closed(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        store = SqliteStore(path, now=lambda: 1000.0)
        await store.create("/a", b"x", ttl=60)
        await store.close()
        again = SqliteStore(path, now=lambda: 2000.0)
        watch = await again.watch("/", 1)
        assert (await anext(watch)).events == [Event("/a", 2, None, b"x")]
        await again.close()


class TestFile:
    async def test_it_is_its_owners_alone(self, store: SqliteStore) -> None:
        await store.create("/a", b"x")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.path.parent.glob("store.db*")}
        assert {"store.db", "store.db-wal", "store.db.lock"} <= modes.keys()
        assert all(mode & 0o077 == 0 for mode in modes.values()), modes

    async def test_two_servers(self, store: SqliteStore) -> None:
        with pytest.raises(Conflict, match="in use by another server"):
            SqliteStore(store.path)

    async def test_closed_it_may_be_opened(self, store: SqliteStore) -> None:
        await store.close()
        await SqliteStore(store.path).close()

    @pytest.mark.parametrize(
        "content", [b"not a database, but long enough to look like some file", os.urandom(8192)]
    )
    async def test_not_a_database(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "store.db"
        path.write_bytes(content)
        with pytest.raises(SystemProblem, match=r"the store .* is damaged: file is not a database"):
            SqliteStore(path)
        assert path.read_bytes() == content
        path.unlink()
        await SqliteStore(path).close()  # the lock was let go of

    async def test_another_database(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE entries (x)")
        other.close()
        with pytest.raises(SystemProblem, match="no store of a cluster"):
            SqliteStore(path)

    async def test_of_a_later_version(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        other = sqlite3.connect(path)
        other.execute(f"PRAGMA application_id={APPLICATION}")
        other.execute("PRAGMA user_version=99")
        other.execute("CREATE TABLE entries (x)")
        other.close()
        with pytest.raises(SystemProblem, match="has format 99; this hythe knows 1"):
            SqliteStore(path)

    async def test_pages_that_are_overwritten(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        store = SqliteStore(path)
        for number in range(200):
            await store.create(f"/{number}", os.urandom(500))
        await store.close()
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(size // 2 // 4096 * 4096)
            file.write(os.urandom(4096 * 4))
        with pytest.raises(SystemProblem, match="is damaged"):
            SqliteStore(path)

    async def test_a_value_that_is_missing(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        store = SqliteStore(path)
        await store.create("/a", b"x")
        await store.create("/b", b"x")
        await store.close()
        harm = sqlite3.connect(path)
        harm.execute("DELETE FROM entries WHERE key = '/a'")
        harm.commit()
        harm.close()
        with pytest.raises(SystemProblem, match="the value of /a is missing"):
            SqliteStore(path)

    @pytest.mark.parametrize(
        "address", ["", "sqlite", "sqlite://", "sqlite://relative", "sqlite:///", "mysql://x/y"]
    )
    async def test_addresses_that_are_none(self, address: str) -> None:
        with pytest.raises(InvalidArgument):
            await open_store(address)


class TestHistory:
    async def test_bounded_by_compaction(self, store: SqliteStore) -> None:
        """However often keys have changed, one row is left for each, and the room is given back."""
        revision = await churn(store, 20, size=16_000)
        await store.close()
        full = store.path.stat().st_size
        again = SqliteStore(store.path)
        await again.compact(revision)
        await again.swept()
        await again.close()
        assert rows(store.path, "entries") <= 51
        assert store.path.stat().st_size < full / 2

    async def test_the_state_at_the_compacted_revision_is_whole(self, store: SqliteStore) -> None:
        a = await store.create("/a", b"1")
        b = await store.create("/b", b"1")
        await store.delete("/gone", await store.create("/gone", b"x"))
        at = await store.revision()
        await store.update("/a", b"2", a)
        await store.delete("/b", b)
        await store.compact(at)
        await store.swept()
        page = await store.list("/", at=at)
        assert [(record.key, record.value) for record in page.records] == [("/a", b"1"), ("/b", b"1")]
        watch = await store.watch("/", at)
        assert [event.previous for event in (await anext(watch)).events] == [b"1", b"1"]

    async def test_deletions_leave_nothing(self, store: SqliteStore) -> None:
        for number in range(50):
            await store.delete(f"/{number}", await store.create(f"/{number}", b"x"))
        last = await store.create("/last", b"x")
        await store.compact(last)
        await store.swept()
        assert rows(store.path, "entries") <= 2

    async def test_writes_go_on_meanwhile(self, store: SqliteStore) -> None:
        revision = await churn(store, 60)
        await store.compact(revision)
        made = await asyncio.gather(*(store.create(f"/b/{number}", b"x") for number in range(300)))
        await store.swept()
        assert len(set(made)) == 300 and await store.count("/b/") == 300


class TestCancelled:
    async def test_who_gives_up_leaves_the_change(self, store: SqliteStore) -> None:
        """A caller that is cancelled is not answered; the change happens or not, and others go on."""
        waiting = asyncio.create_task(store.create("/a", b"x"))
        await asyncio.sleep(0)
        waiting.cancel()
        assert await store.create("/b", b"x") == await store.count("/")

    async def test_cancelled_during_the_commit(self, store: SqliteStore) -> None:
        """As at the end of a program: the writer's task is cancelled while the thread waits for the disk."""
        waiting = asyncio.create_task(store.create("/a", b"x"))
        while store._writer._running is None:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        store._writer._running.cancel()
        await asyncio.wait([waiting])
        there = await store.count("/")
        assert await store.create("/b", b"x") == there + 1


class TestFullDisk:
    async def test_nothing_is_changed_and_deletion_mends_it(self, store: SqliteStore) -> None:
        made = {number: await store.create(f"/{number}", os.urandom(30_000)) for number in range(20)}
        connection = store._file.writer
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        watch = await store.watch("/")
        answers = await asyncio.gather(
            *(store.create(f"/more/{number}", os.urandom(50_000)) for number in range(3)),
            return_exceptions=True,
        )
        assert all(isinstance(answer, NoSpace) for answer in answers)
        before = await store.revision()
        assert before == made[19] and await store.count("/") == 20
        assert await store.get("/more/0") is None
        await store.delete("/3", made[3])
        connection.execute("PRAGMA max_page_count = 1000000")
        after = await store.create("/more/0", b"x")
        assert after == before + 2, "no revision was lost or used twice"
        assert [event.key for event in (await anext(watch)).events] == ["/3", "/more/0"]

    async def test_the_good_and_the_failed_of_one_moment(self, store: SqliteStore) -> None:
        """A conflict beside changes that cannot be written is told as the failure that it shares a transaction with."""
        first = await store.create("/a", b"x")
        connection = store._file.writer
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        answers = await asyncio.gather(
            store.create("/big", os.urandom(100_000)), store.delete("/a", first), return_exceptions=True
        )
        assert isinstance(answers[0], NoSpace)
        assert answers[1] == first + 1, "the deletion is tried again by itself"


def test_ends_that_are_near_fall_together() -> None:
    ends = {end_of_life(now, 3600) for now in range(1000, 1030)}
    assert len(ends) <= 2
    for now in range(1000, 1100):
        assert 0 <= end_of_life(now + 0.5, 3600) - (now + 0.5 + 3600) <= 30
        assert 0 <= end_of_life(now + 0.5, 5) - (now + 0.5 + 5) <= 1
