"""Writes to a store until it is killed, and says on its standard output what was acknowledged: `REVISION KEY VALUE`.

Each line is written with one system call after the store has answered, so what is read there was acknowledged. A
deletion has "-" as its value.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from hythe.kube.store.sqlite.store import SqliteStore

WRITERS = 8


async def main(path: Path, run: str) -> None:
    store = SqliteStore(path)
    await asyncio.gather(*(write(store, f"/{run}/{number}/") for number in range(WRITERS)), history(store))


async def write(store: SqliteStore, prefix: str) -> None:
    for number in range(1_000_000):
        key = f"{prefix}{number}"
        value = f"{key}:made"
        revision = await store.create(key, value.encode())
        say(revision, key, value)
        value = f"{key}:changed"
        revision = await store.update(key, value.encode() * 20, revision)
        say(revision, key, value)
        if number % 3 == 0:
            say(await store.delete(key, revision), key, "-")


async def history(store: SqliteStore) -> None:
    """Keeps compacting what is older than a thousand changes, so that this is interrupted, too."""
    while True:
        await asyncio.sleep(0.01)
        revision = await store.revision() - 1000
        if revision > 0:
            await store.compact(revision)


def say(revision: int, key: str, value: str) -> None:
    os.write(1, f"{revision} {key} {value}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
