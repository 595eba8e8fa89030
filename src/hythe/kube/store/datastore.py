"""From the words of `--datastore` to a store.

sqlite:///var/lib/hythe/kube/store.db     a file; its folder is made
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from hythe.errors import InvalidArgument
from hythe.kube.store.contract import Store


async def open_store(address: str) -> Store:
    """Open it within the running event loop. Raises InvalidArgument for an address of no known form.

    And what the store itself raises: Conflict when another server has it open, SystemProblem when it is damaged.
    """
    scheme, rest = (*address.split("://", 1), "")[:2]
    if scheme == "sqlite":
        return _sqlite(rest)
    raise InvalidArgument(f"not a datastore: {address!r}", hint="sqlite:///FILE")


def _sqlite(rest: str) -> Store:
    from hythe.kube.store.sqlite.store import SqliteStore

    path = unquote(urlsplit(f"//{rest}").path)
    if not rest.startswith("/") or path in ("", "/"):
        raise InvalidArgument(
            "a SQLite datastore is an absolute path", hint="sqlite:///FILE, as in sqlite:///srv/store.db"
        )
    return SqliteStore(Path(path))
