"""The end of the history: what is compacted is deleted bit by bit, and room in the file is given back.

`compact` writes one number, and from then on what lies before it cannot be asked for. The rows follow in slices, each a
transaction of its own in the store's thread, so that changes come in between. Of the revisions that a slice goes
through, it deletes the entry that each had replaced, and those that were deletions: so each entry is deleted when
the compaction passes its successor, no search is needed, and the state at the compacted revision stays whole. The
newest entries stay, for the next revision is counted from it.

Freed pages are used again by what is written next. Only when more than a quarter of the file is free is it made
shorter, a few pages at a time (`auto_vacuum=INCREMENTAL`), and the log is cut with it.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from hythe.errors import NoSpace
from hythe.kube.store.sqlite.writer import Work, Writer

SLICE: Final = 500  # revisions of one transaction
PAGES: Final = 512  # given back in one transaction
SLACK: Final = 1024  # free pages that are always kept


class History:
    """Sweeping, for one store. `sweep` is to be called after a compaction and once at start."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._more = True

    async def compact(self, revision: int) -> None:
        """Forget what lies before `revision`; one that is lower than the last time changes nothing."""
        await self._writer.maintain(lambda connection: _raise(connection, "compacted", revision))

    async def sweep(self) -> None:
        """Until nothing is left to delete or to give back. A full disk ends it; the next one goes on there."""
        try:
            await self._repeat(self._slice)
            if await self._repeat(self._shorten, transaction=False) > 1:
                await self._writer.maintain(_cut, transaction=False)
        except NoSpace:
            return

    async def _repeat(self, work: Work, *, transaction: bool = True) -> int:
        """As long as there is more; how often."""
        times, self._more = 0, True
        while self._more:
            await self._writer.maintain(work, transaction=transaction)
            times += 1
        return times

    def _slice(self, connection: sqlite3.Connection) -> None:
        swept, compacted = _get(connection, "swept"), _get(connection, "compacted")
        (newest,) = connection.execute("SELECT coalesce(max(revision), 0) FROM entries").fetchone()
        last = min(compacted, newest - 1)
        until = min(last, swept + SLICE)
        self._more = until < last
        if until <= swept:
            return
        passed, span = "revision > ? AND revision <= ?", (swept, until)
        replaced = f"SELECT previous FROM entries WHERE {passed} AND previous > 0"
        connection.execute(f"DELETE FROM entries WHERE revision IN ({replaced})", span)
        connection.execute(f"DELETE FROM entries WHERE {passed} AND created = 0", span)
        _raise(connection, "swept", until)

    def _shorten(self, connection: sqlite3.Connection) -> None:
        free, pages = _pragma(connection, "freelist_count"), _pragma(connection, "page_count")
        self._more = free > SLACK and free > pages // 4
        if self._more:
            # One step of this statement frees one page, and `execute` makes one step; a script is run to its end.
            connection.executescript(f"PRAGMA incremental_vacuum({PAGES});")


def _cut(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _get(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])


def _raise(connection: sqlite3.Connection, name: str, value: int) -> None:
    connection.execute("UPDATE meta SET value = max(value, ?) WHERE name = ?", (value, name))
