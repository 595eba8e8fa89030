"""What is and what was, read from a connection of its own: only what is committed can be seen there.

Now: `current` in the order of keys, and the values of its revisions from the cache or from `entries`.

At an older revision: the same, with the changes since then undone. The entries after that revision say which keys have
changed, and the first of them for each key which revision it was at before. They are few: the later pages of a list
ask for a state of seconds ago.

A read takes microseconds to a few milliseconds and is made in the event loop: through a thread, every row would wait
for the interpreter's lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from hythe.kube.store.contract import Compacted, Event, FutureRevision, Page, Record
from hythe.kube.store.keys import end_of
from hythe.kube.store.sqlite.cache import RecordCache
from hythe.kube.store.sqlite.problems import damaged, problem

_CHUNK = 500  # host parameters of one statement


class Reader:
    """Raises SystemProblem for a file that is damaged. No transaction lasts across an await."""

    def __init__(self, connection: sqlite3.Connection, cache: RecordCache, path: str) -> None:
        self._connection, self._cache, self._path = connection, cache, path

    def get(self, key: str, at: int | None) -> Record | None:
        if at is None and (record := self._cached(key)) is not None:
            return record
        with _Snapshot(self._connection, self._path) as snapshot:
            if at is None or at == snapshot.check(at):
                row = self._connection.execute(
                    "SELECT revision FROM current WHERE key = ?", (key,)
                ).fetchone()
            else:
                row = self._revision_at(key, at)
            return next(iter(self._records(row)), None) if row and row[0] else None

    def _cached(self, key: str) -> Record | None:
        """What is there now, if that takes one statement."""
        try:
            row = self._connection.execute("SELECT revision FROM current WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise problem(error, self._path) from error
        return self._cache.get(row[0]) if row else None

    def page(self, prefix: str, at: int | None, limit: int, after: str) -> Page:
        with _Snapshot(self._connection, self._path) as snapshot:
            revision = snapshot.check(at)
            begin, end = max(prefix, after + "\0" if after else ""), end_of(prefix)
            if at is None or at == revision:
                revisions, total = self._now(begin, end, limit)
            else:
                revisions, total = self._then(begin, end, at, limit)
            records = self._records(revisions)
            return Page(revision if at is None else at, records, total - len(records))

    def count(self, prefix: str) -> int:
        with _Snapshot(self._connection, self._path):
            return self._count(prefix, end_of(prefix))

    async def events(self, prefix: str, after: int, until: int, limit: int) -> tuple[list[Event], int]:
        """See `hub.Replay`. It awaits nothing."""
        with _Snapshot(self._connection, self._path) as snapshot:
            if after < snapshot.compacted:
                raise Compacted(after, snapshot.compacted)
            rows = self._connection.execute(
                "SELECT e.key, e.revision, e.value, b.value FROM entries e"
                " LEFT JOIN entries b ON b.revision = e.previous AND e.previous > 0"
                " WHERE e.revision > ? AND e.revision <= ? AND e.key >= ? AND e.key < ? ORDER BY e.revision LIMIT ?",
                (after, until, prefix, end_of(prefix), limit),
            ).fetchall()
            events = [Event(*row) for row in rows]
            return events, until if len(events) < limit else events[-1].revision

    def compacted(self) -> int:
        with _Snapshot(self._connection, self._path) as snapshot:
            return snapshot.compacted

    def revision(self) -> int:
        with _Snapshot(self._connection, self._path) as snapshot:
            return snapshot.revision

    def next_expiry(self) -> int | None:
        """When the next key may end, in seconds since 1970."""
        with _Snapshot(self._connection, self._path):
            row = self._connection.execute("SELECT min(at) FROM expiry").fetchone()
            return None if row[0] is None else int(row[0])

    def expired(self, now: int, limit: int) -> list[tuple[int, str, int]]:
        """(at, key, revision) of what has ended; the key may be at another revision by now."""
        with _Snapshot(self._connection, self._path):
            select = "SELECT at, key, revision FROM expiry WHERE at <= ? ORDER BY at LIMIT ?"
            return self._connection.execute(select, (now, limit)).fetchall()

    def _count(self, begin: str, end: str) -> int:
        select = "SELECT count(*) FROM current WHERE key >= ? AND key < ?"
        return int(self._connection.execute(select, (begin, end)).fetchone()[0])

    def _now(self, begin: str, end: str, limit: int) -> tuple[list[int], int]:
        """Revisions in the order of their keys, at most `limit`; and how many there are of all."""
        rows = self._keys(begin, end, limit)
        total = len(rows) if not limit or len(rows) < limit else self._count(begin, end)
        return [revision for _, revision in rows], total

    def _keys(self, begin: str, end: str, limit: int) -> list[tuple[str, int]]:
        select = "SELECT key, revision FROM current WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
        return self._connection.execute(select, (begin, end, limit or -1)).fetchall()

    def _then(self, begin: str, end: str, at: int, limit: int) -> tuple[list[int], int]:
        before: dict[str, int] = {}
        there = set()  # keys of `before` that are in `current`
        changes = self._connection.execute(
            "SELECT key, previous, created FROM entries WHERE revision > ? AND key >= ? AND key < ?"
            " ORDER BY revision DESC",
            (at, begin, end),
        )
        for key, previous, created in changes:
            if key not in before and created:
                there.add(key)
            before[key] = previous
        rows = self._keys(begin, end, limit + len(there) if limit else 0)
        state = [(key, revision) for key, revision in rows if key not in before]
        state += [(key, revision) for key, revision in before.items() if revision]
        state.sort()
        total = self._count(begin, end) - len(there) + sum(1 for revision in before.values() if revision)
        return [revision for _, revision in state[: limit or None]], total

    def _revision_at(self, key: str, at: int) -> tuple[int] | None:
        """Of the key's revisions the last up to `at`; (0,) if it was not there."""
        select = "SELECT previous FROM entries WHERE revision > ? AND key = ? ORDER BY revision LIMIT 1"
        found = self._connection.execute(select, (at, key)).fetchone()
        if found is None:
            found = self._connection.execute("SELECT revision FROM current WHERE key = ?", (key,)).fetchone()
        row: tuple[int] | None = found
        return row

    def _records(self, revisions: Iterable[int]) -> list[Record]:
        wanted = list(revisions)
        found = {revision: record for revision in wanted if (record := self._cache.get(revision)) is not None}
        missing = [revision for revision in wanted if revision not in found]
        for begin in range(0, len(missing), _CHUNK):
            for record in self._read(missing[begin : begin + _CHUNK]):
                found[record.revision] = record
                self._cache.put(record)
        try:
            return [found[revision] for revision in wanted]
        except KeyError as error:
            raise damaged(self._path, f"revision {error} is missing") from error

    def _read(self, revisions: list[int]) -> list[Record]:
        marks = ",".join("?" * len(revisions))
        select = f"SELECT key, value, revision, created FROM entries WHERE revision IN ({marks})"
        return [Record(*row) for row in self._connection.execute(select, revisions)]


class _Snapshot:
    """One read transaction: all statements within see the same state."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection, self._path = connection, path

    def __enter__(self) -> _Snapshot:
        self._connection.execute("BEGIN")
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
        if isinstance(error, sqlite3.Error):
            raise problem(error, self._path) from error

    @property
    def revision(self) -> int:
        return int(self._connection.execute("SELECT coalesce(max(revision), 0) FROM entries").fetchone()[0])

    @property
    def compacted(self) -> int:
        return int(self._connection.execute("SELECT value FROM meta WHERE name = 'compacted'").fetchone()[0])

    def check(self, at: int | None) -> int:
        """The revision of this state, if `at` can be asked for."""
        revision = self.revision
        if at is not None:
            if at > revision:
                raise FutureRevision(at, revision)
            if at < (compacted := self.compacted):
                raise Compacted(at, compacted)
        return revision
