"""`kill -9` in the middle of writes: nothing that was acknowledged is lost, no revision is used twice."""

from __future__ import annotations

import random
import selectors
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hythe.kube.store.contract import Event
from hythe.kube.store.sqlite.store import SqliteStore
from tests.waiting import PATIENCE

WRITER = Path(__file__).with_name("store_writer.py")


def killed_after(path: Path, run: str, seconds: float) -> list[str]:
    """What was acknowledged until then, counted from the first acknowledgement."""
    command = [sys.executable, str(WRITER), str(path), run]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            assert selector.select(30 * PATIENCE), "the writer did not begin"
        time.sleep(seconds)
        assert process.poll() is None, process.stderr.read().decode()
    finally:
        process.kill()
        said, _ = process.communicate()
    lines = said.decode().split("\n")
    assert lines[-1] == "", "a line was torn"
    return lines[:-1]


async def all_events(store: SqliteStore, after: int) -> dict[int, Event]:
    last = await store.revision()
    found: dict[int, Event] = {}
    watch = await store.watch("/", after)
    while not found or max(found) < last:
        for event in (await anext(watch)).events:
            assert event.revision not in found
            found[event.revision] = event
    watch.close()
    return found


@pytest.mark.parametrize("times", [5, pytest.param(50, marks=pytest.mark.slow)])
async def test_nothing_acknowledged_is_lost(tmp_path: Path, times: int) -> None:
    path = tmp_path / "store.db"
    acknowledged: dict[int, tuple[str, str]] = {}
    chance = random.Random(times)
    for run in range(times):
        for line in killed_after(path, str(run), chance.uniform(0.01, 0.25)):
            number, key, value = line.split(" ")
            assert int(number) not in acknowledged, "a revision was given twice"
            acknowledged[int(number)] = (key, value)
        store = SqliteStore(path)
        assert await store.revision() >= max(acknowledged)
        events = await all_events(store, await store.compacted())
        for revision, event in events.items():
            wanted = acknowledged.get(revision)
            if wanted is not None:  # what was not acknowledged may be there, too, but whole
                value = "-" if event.value is None else event.value.decode()
                assert event.key == wanted[0] and value.startswith(wanted[1])
        assert set(events) == set(range(await store.compacted() + 1, await store.revision() + 1))
        await check_state(store, acknowledged)
        await store.close()
    assert len(acknowledged) > times * 10


async def check_state(store: SqliteStore, acknowledged: dict[int, tuple[str, str]]) -> None:
    """Each key is as its last acknowledged change left it, or one change further."""
    last: dict[str, tuple[int, str]] = {}
    for revision, (key, value) in sorted(acknowledged.items()):
        last[key] = (revision, value)
    there = {record.key: record for record in (await store.list("/")).records}
    for key, (revision, value) in last.items():
        record = there.get(key)
        if record is None:
            gone_for_good = value == "-" or (
                value.endswith(":changed") and int(key.rsplit("/", 1)[1]) % 3 == 0
            )
            assert gone_for_good, f"{key} at {revision} is lost"
        else:
            assert record.revision >= revision and value != "-"


async def test_a_watch_resumes_over_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    killed_after(path, "first", 0.1)
    store = SqliteStore(path)
    seen = await store.revision()
    await store.close()
    lines = killed_after(path, "second", 0.02)
    store = SqliteStore(path)
    if await store.compacted() <= seen:
        events = await all_events(store, seen)
        assert min(events) == seen + 1
        assert {int(line.split(" ")[0]) for line in lines} <= set(events)
    await store.close()
