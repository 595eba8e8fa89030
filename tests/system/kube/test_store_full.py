"""A store on a disk that is full: nothing half done, and a way out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.root

PROGRAM = """
import asyncio, os, sys
from pathlib import Path
from hythe.errors import NoSpace
from hythe.kube.store.sqlite.store import SqliteStore

async def fill(store, made):
    try:
        while True:
            key = f"/{len(made):05}"
            made[key] = await store.create(key, os.urandom(20_000))
    except NoSpace as error:
        print(error.message)

async def main(path):
    store, made = SqliteStore(path), {}
    await fill(store, made)
    revision = await store.revision()
    assert revision == max(made.values()) and await store.count("/") == len(made) > 50
    try:
        await store.create("/more", os.urandom(20_000))
        raise SystemExit("there was room after all")
    except NoSpace:
        pass
    assert await store.get("/more") is None and len((await store.list("/")).records) == len(made)
    for key in list(made)[:40]:
        await store.delete(key, made.pop(key))
    await store.compact(await store.revision())
    await store.swept()
    created = await store.create("/more", b"x" * 20_000)
    assert created == revision + 41
    await store.close()
    store = SqliteStore(path)
    assert await store.count("/") == len(made) + 1 and await store.revision() == created
    await store.close()
    print("well")

asyncio.run(main(Path(sys.argv[1])))
"""


def test_deletions_make_room(tmp_path: Path) -> None:
    """On a file system of 24 megabytes, in a mount namespace of its own."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = f"mount -t tmpfs -o size=24m small {disk} && exec {sys.executable} {program} {disk}/store.db"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert "no space left on device" in first and last == "well"
