"""`kill -9` of the whole API server in the middle of writes: what it has acknowledged is there when it comes back."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.waiting import PATIENCE

CONFIG_MAPS = "http://server/api/v1/namespaces/default/configmaps"
CLIENTS = 8
Acknowledged = dict[str, tuple[int, str]]
"""Of each object the revision and the value that were answered last; the value is "" once it is deleted."""


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[tuple[subprocess.Popen[bytes], aiohttp.ClientSession]]:
    """Killed at the end, whatever it is doing."""
    socket = folder / "data" / "apiserver.sock"
    socket.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "hythe.kube.apiserver",
        "--data-dir",
        str(folder / "data"),
        "--port",
        "0",
    ]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket), limit=0)) as session:
            await ready(session, folder)
            yield process, session
    finally:
        process.kill()
        process.wait()


async def ready(session: aiohttp.ClientSession, folder: Path) -> None:
    deadline = time.monotonic() + 60 * PATIENCE
    while True:
        try:
            async with session.get("http://server/readyz") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        assert time.monotonic() < deadline, (folder / "log").read_text()
        await asyncio.sleep(0.05)


async def write(session: aiohttp.ClientSession, prefix: str, acknowledged: Acknowledged) -> None:
    """Create, change and delete until the server is gone."""
    number = 0
    try:
        while True:
            name = f"{prefix}-{number}"
            made = await call(session, "POST", CONFIG_MAPS, config_map(name, "made"))
            note(acknowledged, name, made, "made")
            changed = await call(session, "PUT", f"{CONFIG_MAPS}/{name}", config_map(name, "changed"))
            note(acknowledged, name, changed, "changed")
            if number % 3 == 0:
                await call(session, "DELETE", f"{CONFIG_MAPS}/{name}", None)
                acknowledged[name] = (acknowledged[name][0], "")
            number += 1
    except (aiohttp.ClientError, ConnectionError):
        return


def config_map(name: str, value: str) -> Any:
    return {"metadata": {"name": name}, "data": {"is": value, "filling": "x" * 500}}


def note(acknowledged: Acknowledged, name: str, answer: Any, value: str) -> None:
    acknowledged[name] = (int(answer["metadata"]["resourceVersion"]), value)


async def call(session: aiohttp.ClientSession, method: str, url: str, body: Any) -> Any:
    async with session.request(method, url, json=body) as answer:
        said = await answer.json()
        assert answer.status < 300, said
        return said


async def check(session: aiohttp.ClientSession, acknowledged: Acknowledged) -> int:
    """Each object is as it was last answered, or one step further; the revision of the list."""
    listed = await call(session, "GET", CONFIG_MAPS, None)
    there = {each["metadata"]["name"]: each for each in listed["items"]}
    for name, (revision, value) in acknowledged.items():
        found = there.get(name)
        if found is None:
            last_step = value == "changed" and int(name.rsplit("-", 1)[1]) % 3 == 0
            assert value == "" or last_step, f"{name} at {revision} is lost"
            continue
        assert value, f"{name} was deleted and is there"
        now = int(found["metadata"]["resourceVersion"])
        assert now == revision or (now > revision and value == "made" and found["data"]["is"] == "changed")
    return int(listed["metadata"]["resourceVersion"])


async def heard(session: aiohttp.ClientSession, after: int, last: int) -> list[int]:
    """The revisions of all changes behind one, as a watch that resumes there brings them."""
    query = {"watch": "true", "resourceVersion": str(after), "timeoutSeconds": "60"}
    revisions: list[int] = []
    async with session.get(CONFIG_MAPS, params=query) as answer:
        async for line in answer.content:
            event = json.loads(line)
            assert event["type"] in ("ADDED", "MODIFIED", "DELETED"), event
            revisions.append(int(event["object"]["metadata"]["resourceVersion"]))
            if revisions[-1] >= last:
                break
    return revisions


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.slow)])
async def test_nothing_acknowledged_is_lost(tmp_path: Path, times: int) -> None:
    acknowledged: Acknowledged = {}
    chance = random.Random(times)
    listed = 0
    for run in range(times):
        async with server(tmp_path) as (process, session):
            now = await check(session, acknowledged)
            assert now >= listed, "revisions went back"
            if run and acknowledged:
                last = max(revision for revision, value in acknowledged.values() if value)
                if last > listed:
                    revisions = await heard(session, listed, last)
                    assert revisions == sorted(set(revisions)) and revisions[0] > listed
                    assert {r for r, value in acknowledged.values() if value and r > listed} <= set(revisions)
            listed = now
            writers = [write(session, f"r{run}-{number}", acknowledged) for number in range(CLIENTS)]
            writing = asyncio.gather(*writers)
            await asyncio.sleep(chance.uniform(0.05, 0.6))
            process.kill()
            await writing
    assert len(acknowledged) >= times * CLIENTS
