"""Which steps have been done before, and what came of them.

The key of a step is a digest of what it depends on: the key of the step before it, the instruction after
substitution, the digest of the files it reads (`content.py`), and for RUN the build arguments in use. After a
step, its result (the chain of layers) goes into the key as well, so that a step that was run again with
another outcome is not mixed with what was built upon the old one. Times of files are not part of any key.

A record holds what a later build needs to go on as if the step had been run: the layer and the time.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from hythe.store.database import Database


class CacheRecord(Struct):
    """The outcome of a step; without a layer both ids are empty. Times in ns since the epoch; `uses` by builds."""

    created: int
    used: int
    diff_id: str = ""
    chain_id: str = ""
    size: int = 0
    description: str = ""
    uses: int = 1


def step_key(previous: str, *parts: Any) -> str:
    """The key of a step after the state `previous`; parts are plain JSON values."""
    text = json.dumps([previous, *parts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class Cache:
    """The records of all builds; `present(chain_id)` says whether a chain of layers still exists."""

    def __init__(self, database: Database, present: Callable[[str], bool]) -> None:
        self._records = database.collection("build_cache", CacheRecord)
        self._present = present

    def find(self, key: str) -> CacheRecord | None:
        """The record, if its layer is still there; notes the use."""
        record = self._records.get(key)
        if record is None:
            return None
        if record.chain_id and not self._present(record.chain_id):
            self._records.delete(key)
            return None
        record.used, record.uses = time.time_ns(), record.uses + 1
        self._records.put(key, record)
        return record

    def store(self, key: str, record: CacheRecord) -> None:
        self._records.put(key, record)

    def chains(self) -> set[str]:
        """The chains of layers that records refer to: what a garbage collector should spare."""
        return {record.chain_id for record in self._records.all().values() if record.chain_id}

    def all(self) -> dict[str, CacheRecord]:
        """By key, least recently used first."""
        return dict(sorted(self._records.all().items(), key=lambda item: item[1].used))

    def prune(self, before: int | None = None) -> list[str]:
        """Forget records last used before that time (ns; None: all); their keys. Layers go with the store."""
        doomed = [
            key for key, record in self._records.all().items() if before is None or record.used < before
        ]
        for key in doomed:
            self._records.delete(key)
        return doomed
