"""`--docker host=tcp://HOST:2376,ca=FILE,...`: an endpoint and its certificates."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from hythe.client.address import Tls, parse
from hythe.client.context_store import TLS_FILES, ContextStore, Endpoint
from hythe.errors import InvalidArgument, SystemProblem

_FIELDS: Final = ("from", "host", "skip-tls-verify", *TLS_FILES)


def endpoint_of(text: str, store: ContextStore, default: Endpoint) -> tuple[Endpoint, dict[str, bytes]]:
    """The endpoint, and the content of its certificates. `default` is that of the context "default"."""
    fields = {name: value for name, _, value in (part.partition("=") for part in text.split(",") if part)}
    if unknown := fields.keys() - set(_FIELDS):
        raise InvalidArgument(
            f"unrecognized config key: {unknown.pop()}", hint=f"there are {', '.join(_FIELDS)}"
        )
    skip = fields.get("skip-tls-verify", "").lower() in ("true", "1", "t")
    if source := fields.get("from"):
        if source == "default":
            return default, {}
        return store.get(source).endpoint, store.material(source)
    files = {kind: fields[kind] for kind in TLS_FILES if fields.get(kind)}
    if bool(files.get("cert")) != bool(files.get("key")):
        raise InvalidArgument("cert and key belong together: one of them is missing")
    material = {kind: content(path) for kind, path in files.items()}
    if host := fields.get("host", ""):
        parse(host, Tls() if material else None)
    if material:
        from hythe.client.tls import context_of

        ca, cert, key = (os.path.expanduser(files.get(kind, "")) for kind in TLS_FILES)  # noqa: PTH111
        context_of(Tls(ca, cert, key))
    return Endpoint(host, skip), material


def content(path: str) -> bytes:
    """Of a file that was named on the command line."""
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise SystemProblem(f"cannot read {path}: {error.strerror}") from error
