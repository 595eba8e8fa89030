"""Values that are encrypted at rest."""

from __future__ import annotations

import stat
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hythe.errors import SystemProblem
from hythe.kube.store.sealed import MAGIC, Seal, SealedStore
from hythe.kube.store.sqlite.store import SqliteStore

SECRET, PLAIN = "/registry/core/secrets/default/s", "/registry/core/configmaps/default/c"
PREFIXES = ("/registry/core/secrets/",)


@pytest.fixture
async def below(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "store.db")
    yield opened
    await opened.close()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "encryption.keys"


@pytest.fixture
def store(below: SqliteStore, keys: Path) -> SealedStore:
    return SealedStore(below, Seal.load(keys), PREFIXES)


async def test_not_on_the_disk(store: SealedStore, below: SqliteStore) -> None:
    first = await store.create(SECRET, b"hunter2-hunter2")
    await store.update(SECRET, b"hunter3-hunter3", first)
    await store.create(PLAIN, b"in the open")
    await below.close()
    written = b"".join(path.read_bytes() for path in below.path.parent.glob("store.db*"))
    assert b"hunter" not in written and b"in the open" in written


async def test_the_same_twice_looks_different(store: SealedStore, below: SqliteStore) -> None:
    await store.create(SECRET, b"x")
    await store.create(f"{SECRET}2", b"x")
    one, other = (await below.list(PREFIXES[0])).records
    assert one.value.startswith(MAGIC) and one.value != other.value


async def test_moved_to_another_place_it_does_not_open(store: SealedStore, below: SqliteStore) -> None:
    await store.create(SECRET, b"x")
    stolen = await below.get(SECRET)
    assert stolen is not None
    await below.create(f"{SECRET}2", stolen.value)
    with pytest.raises(SystemProblem, match="cannot be decrypted"):
        await store.get(f"{SECRET}2")


@pytest.mark.parametrize(
    "harm", [lambda value: value[:-1], lambda value: value[:-1] + bytes([value[-1] ^ 1]), lambda value: MAGIC]
)
async def test_changed_it_does_not_open(store: SealedStore, below: SqliteStore, harm: object) -> None:
    await store.create(SECRET, b"x")
    record = await below.get(SECRET)
    assert record is not None and callable(harm)
    await below.update(SECRET, harm(record.value), record.revision)
    with pytest.raises(SystemProblem):
        await store.list("/registry/")


async def test_what_was_plain_stays_readable_and_is_sealed_when_written(
    store: SealedStore, below: SqliteStore
) -> None:
    first = await below.create(SECRET, b"old")
    record = await store.get(SECRET)
    assert record is not None and record.value == b"old"
    await store.update(SECRET, b"new", first)
    kept = await below.get(SECRET)
    assert kept is not None and kept.value.startswith(MAGIC)


async def test_a_new_key_before_the_old_one(store: SealedStore, below: SqliteStore, keys: Path) -> None:
    first = await store.create(SECRET, b"x")
    before = keys.read_bytes()
    keys.write_bytes(b64encode(b"n" * 32) + b"\n" + before)
    changed = SealedStore(below, Seal.load(keys), PREFIXES)
    record = await changed.get(SECRET)
    assert record is not None and record.value == b"x"
    await changed.update(SECRET, b"x", first)
    keys.write_bytes(b64encode(b"n" * 32))
    assert await SealedStore(below, Seal.load(keys), PREFIXES).get(SECRET) is not None
    keys.write_bytes(before)
    with pytest.raises(SystemProblem, match="a key that is not in"):
        await SealedStore(below, Seal.load(keys), PREFIXES).get(SECRET)


def test_the_file(keys: Path) -> None:
    Seal.load(keys)
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    for content in (b"", b"short", b"%%%", b64encode(b"x" * 16)):
        keys.write_bytes(content)
        with pytest.raises(SystemProblem):
            Seal.load(keys)
        assert keys.read_bytes() == content
