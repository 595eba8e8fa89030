"""The changes of one transaction: each compared, applied and numbered.

Everything runs within a transaction that the writer has begun and will commit or roll back; what is compared against
includes the changes before it in the same transaction. Nothing here is told to anybody before the commit.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from hythe.kube.store.contract import Event, KeyExists, Record, RevisionMismatch
from hythe.kube.store.sqlite.cache import RecordCache


@dataclass(slots=True, eq=False)
class Change:
    """What was done: the event, and the record and revision that it made and replaced (0: none)."""

    event: Event
    record: Record | None
    replaced: int


class Ledger:
    """`revision` is the last one given away in the open transaction, or of the last commit."""

    def __init__(self, connection: sqlite3.Connection, cache: RecordCache) -> None:
        self._connection, self._cache = connection, cache
        self.revision = 0
        self.reset()

    def reset(self) -> None:
        """Count on from the last revision that is committed; there is no open transaction."""
        (last,) = self._connection.execute("SELECT coalesce(max(revision), 0) FROM entries").fetchone()
        self.revision = int(last)

    def create(self, key: str, value: bytes, ends: int | None) -> Change:
        """`ends`: when the key ends, in seconds since 1970."""
        if self.current(key) is not None:
            raise KeyExists(key)
        return self._put(key, value, None, ends)

    def update(self, key: str, value: bytes, expected: int, ends: int | None) -> Change:
        return self._put(key, value, self._expect(key, expected), ends)

    def delete(self, key: str, expected: int) -> Change:
        before = self._expect(key, expected)
        revision = self._enter(key, 0, before.revision, None)
        self._connection.execute("DELETE FROM current WHERE key = ?", (key,))
        return Change(Event(key, revision, None, before.value), None, before.revision)

    def current(self, key: str) -> Record | None:
        """The key as it is, with what this transaction has done."""
        row = self._connection.execute("SELECT revision FROM current WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        found = self._cache.get(row[0])
        if found is not None:
            return found
        select = "SELECT value, created FROM entries WHERE revision = ?"
        value, created = self._connection.execute(select, row).fetchone()
        return Record(key, value, row[0], created)

    def _expect(self, key: str, revision: int) -> Record:
        current = self.current(key)
        if current is None or current.revision != revision:
            raise RevisionMismatch(key, revision, current)
        return current

    def _put(self, key: str, value: bytes, before: Record | None, ends: int | None) -> Change:
        replaced = before.revision if before else 0
        created = before.created if before else self.revision + 1
        revision = self._enter(key, created, replaced, value)
        upsert = (
            "INSERT INTO current VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision"
        )
        self._connection.execute(upsert, (key, revision))
        if ends is not None:
            self._connection.execute("INSERT OR REPLACE INTO expiry VALUES (?, ?, ?)", (ends, key, revision))
        event = Event(key, revision, value, before.value if before else None)
        return Change(event, Record(key, value, revision, created), replaced)

    def _enter(self, key: str, created: int, previous: int, value: bytes | None) -> int:
        revision = self.revision + 1
        row = (revision, key, created, previous, value)
        self._connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", row)
        self.revision = revision
        return revision
