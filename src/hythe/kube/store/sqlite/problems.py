"""SQLite's errors as hythe's."""

from __future__ import annotations

import sqlite3
from typing import Final

from hythe.errors import HytheError, NoSpace, SystemProblem

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def problem(error: sqlite3.Error, path: str) -> HytheError:
    """What to raise, from `error`, for what went wrong with the file at `path`."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return NoSpace(
            f"cannot write the store {path}: no space left on device", hint="make room on that disk"
        )
    if primary in _DAMAGED:
        return damaged(path, str(error))
    return SystemProblem(f"cannot use the store {path}: {error}")


def damaged(path: str, why: str) -> SystemProblem:
    return SystemProblem(
        f"the store {path} is damaged: {why}", hint="put a backup in its place, or move it away to begin anew"
    )
