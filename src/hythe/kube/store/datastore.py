"""From the words of `--datastore` to a store.

sqlite:///var/lib/hythe/kube/store.db     a file; its folder is made
etcd://HOST:PORT,HOST:PORT                etcd servers, in the clear: on this machine or a network of their own
etcds://HOST:PORT?ca=F&cert=F&key=F       the same over TLS: its authority, and our certificate and key
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from hythe.errors import InvalidArgument
from hythe.kube.store.contract import Store


async def open_store(address: str) -> Store:
    """Open it within the running event loop. Raises InvalidArgument for an address of no known form.

    And what the store itself raises: Conflict when another server has the file open, SystemProblem when it is damaged,
    Unavailable when no etcd answers.
    """
    scheme, rest = (*address.split("://", 1), "")[:2]
    if scheme == "sqlite":
        return _sqlite(rest)
    if scheme in ("etcd", "etcds"):
        return await _etcd(rest, secure=scheme == "etcds")
    raise InvalidArgument(f"not a datastore: {address!r}", hint="sqlite:///FILE or etcd://HOST:PORT,...")


def _sqlite(rest: str) -> Store:
    from hythe.kube.store.sqlite.store import SqliteStore

    path = unquote(urlsplit(f"//{rest}").path)
    if not rest.startswith("/") or path in ("", "/"):
        raise InvalidArgument(
            "a SQLite datastore is an absolute path", hint="sqlite:///FILE, as in sqlite:///srv/store.db"
        )
    return SqliteStore(Path(path))


async def _etcd(rest: str, *, secure: bool) -> Store:
    from hythe.kube.store.etcd.channel import Credentials
    from hythe.kube.store.etcd.store import EtcdStore

    hosts, _, query = rest.partition("?")
    files = {key: Path(values[0]) for key, values in parse_qs(query).items()}
    unknown = files.keys() - ({"ca", "cert", "key"} if secure else set())
    if unknown:
        raise InvalidArgument(f"not an option of an etcd datastore: {min(unknown)}")
    if secure and "ca" not in files:
        raise InvalidArgument("etcds:// needs ?ca=FILE, the authority of its certificate")
    credentials = Credentials(files["ca"], files.get("cert"), files.get("key")) if secure else None
    return await EtcdStore.open([host for host in hosts.rstrip("/").split(",") if host], credentials)
