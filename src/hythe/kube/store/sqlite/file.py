"""The file of a store: opened, checked, and locked against a second server.

    entries   revision -> key, value, when the key was made (0: this revision deleted it), the revision before it
    current   key -> revision of its entry, for the keys that are there
    expiry    when to look at which key
    meta      compacted: the oldest revision of the history; swept: up to where entries have been deleted

Journal mode WAL, synchronous FULL: a commit is one fsync of the log. The file is its owner's alone, for Secrets are in
it. The lock is flock(2) on a file beside it, which the kernel lets go of however its holder ends.

The application id in the file's header tells this format from any other SQLite file, `user_version` its version.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Final

from hythe.errors import Conflict, SystemProblem, from_os
from hythe.kube.store.sqlite.problems import damaged, problem

APPLICATION: Final = 0x68796B73  # "hyks"
VERSION: Final = 1
CHECKED_BYTES: Final = 256 << 20  # a larger file is not read through at every start

_TABLES: Final = """
CREATE TABLE entries (
    revision INTEGER PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL, previous INTEGER NOT NULL, value BLOB
);
CREATE TABLE current (key TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE expiry (
    at INTEGER NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (at, key)
) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('compacted', 0), ('swept', 0);
"""


class StoreFile:
    """One file, locked. `writer` and `reader` are connections to it; each is used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = _lock(path)
        try:
            self.writer = self._open()
            self.reader = connect(path)
            self.reader.execute("PRAGMA query_only=ON")
        except BaseException:
            os.close(self._lock)
            raise

    def _open(self) -> sqlite3.Connection:
        try:
            connection = connect(self.path)
            try:
                _prepare(connection, self.path)
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise problem(error, str(self.path)) from error
        return connection

    def close(self) -> None:
        """The last connection that closes merges the log into the file."""
        self.reader.close()
        self.writer.close()
        os.close(self._lock)


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, cached_statements=64)
    connection.execute("PRAGMA busy_timeout=5000")
    return connection


def _lock(path: Path) -> int:
    beside = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise from_os(error, "open the store") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except BlockingIOError as error:
        os.close(descriptor)
        raise Conflict(f"the store {path} is in use by another server", hint="stop that one first") from error
    except OSError as error:
        os.close(descriptor)
        raise from_os(error, "open the store") from error
    return descriptor


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    application = _pragma(connection, "application_id")
    if application == 0 and _pragma(connection, "schema_version") == 0:
        _create(connection)
    elif application != APPLICATION:
        raise SystemProblem(f"{path} is no store of a cluster, but another SQLite database")
    elif (version := _pragma(connection, "user_version")) != VERSION:
        raise SystemProblem(f"the store {path} has format {version}; this hythe knows {VERSION}")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA journal_size_limit=16777216")
    _check(connection, path)


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(
        f"BEGIN; PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION}; {_TABLES} COMMIT;"
    )


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if _pragma(connection, "page_count") * _pragma(connection, "page_size") <= CHECKED_BYTES:
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise damaged(str(path), said)
    lost = connection.execute(
        "SELECT key FROM current WHERE revision NOT IN (SELECT revision FROM entries) LIMIT 1"
    ).fetchone()
    if lost:
        raise damaged(str(path), f"the value of {lost[0]} is missing")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
