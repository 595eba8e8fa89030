"""The daemon's metadata: one SQLite file in WAL mode, seen as named collections of typed documents.

A document is a msgspec Struct, stored as JSON under its id. Anything a caller must find quickly or hold
unique (a container's name) is kept in memory by its owner and rebuilt at start from `all()`: the whole
database of a busy machine is a few thousand rows. What is written is durable when `put` returns: against
`kill -9` always, against power loss up to the last WAL checkpoint (synchronous=NORMAL).

Kept out of here: the meaning of any document, and blobs (`blobs.py`).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from hythe.errors import NoSpace, SystemProblem

BALLAST = 1 << 20
T = TypeVar("T", bound=msgspec.Struct)


class Database:
    """One SQLite file, usable from any thread; writes are serialised by a lock."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._lock = threading.RLock()
        self._ballast = path.with_suffix(".ballast")
        self._load_ballast()

    def _load_ballast(self) -> None:
        with suppress(OSError), self._ballast.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST)

    @contextmanager
    def without_ballast(self) -> Iterator[None]:
        """Within, there is room for a little even on a full disk: a file that is kept for that is given up."""
        with self._lock:
            self._ballast.unlink(missing_ok=True)
            try:
                yield
            finally:
                self._load_ballast()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: commits at the end of the block, rolls back on any exception. Nests.

        Raises NoSpace on a full disk, SystemProblem for other errors of the database.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:  # SQLite itself rolls back on some errors
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise _problem(error) from error
                raise

    def collection(self, name: str, type_: type[T]) -> Collection[T]:
        """The documents of one kind; the table is made on first use."""
        return Collection(self, name, type_)


def _problem(error: sqlite3.OperationalError) -> NoSpace | SystemProblem:
    if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
        return NoSpace(
            "cannot write the database: no space left on device", hint="hythe system prune, or make room"
        )
    return SystemProblem(f"the database refused: {error}")


class Collection(Generic[T]):
    """Documents of one type by id."""

    def __init__(self, database: Database, name: str, type_: type[T]) -> None:
        if not name.isidentifier():
            raise ValueError(f"not a collection name: {name!r}")
        self._database, self._name = database, name
        self._decoder = msgspec.json.Decoder(type_)
        # Not "or replace", which deletes first: an update in place leaves the index and the order alone.
        self._put = f"INSERT INTO {name} VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body"
        with database.transaction() as connection:
            connection.execute(f"CREATE TABLE IF NOT EXISTS {name} (id TEXT PRIMARY KEY, body BLOB NOT NULL)")

    def put(self, id: str, document: T) -> None:
        body = msgspec.json.encode(document)
        with self._database.transaction() as connection:
            connection.execute(self._put, (id, body))

    def get(self, id: str) -> T | None:
        with self._database.transaction() as connection:
            row = connection.execute(f"SELECT body FROM {self._name} WHERE id = ?", (id,)).fetchone()
        return None if row is None else self._decoder.decode(row[0])

    def delete(self, id: str) -> None:
        """Remove a document; removing what is not there is no error. Works on a full disk: it is how one is emptied."""
        try:
            self._delete(id)
        except NoSpace:
            with self._database.without_ballast():
                self._delete(id)

    def _delete(self, id: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(f"DELETE FROM {self._name} WHERE id = ?", (id,))

    def all(self) -> dict[str, T]:
        with self._database.transaction() as connection:
            rows = connection.execute(f"SELECT id, body FROM {self._name} ORDER BY rowid").fetchall()
        return {id: self._decoder.decode(body) for id, body in rows}
