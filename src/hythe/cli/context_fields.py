"""`--docker host=tcp://HOST:2376,ca=FILE,...`: an endpoint and its certificates; contexts to files and back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client import configuration
from hythe.client.address import Tls, parse
from hythe.client.context_archive import packed, unpacked
from hythe.client.context_store import TLS_FILES, ContextStore, Endpoint, checked_name
from hythe.errors import Conflict, InvalidArgument, SystemProblem

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
    material = {kind: _content(path) for kind, path in files.items()}
    if host := fields.get("host", ""):
        parse(host, Tls() if material else None)
    if material:
        from hythe.client.tls import context_of

        ca, cert, key = (os.path.expanduser(files.get(kind, "")) for kind in TLS_FILES)  # noqa: PTH111
        context_of(Tls(ca, cert, key))
    return Endpoint(host, skip), material


def export(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "export", "CONTEXT [FILE|-]", "Write a context to a file, for another machine.")
    parser.add_argument("name", metavar="CONTEXT")
    parser.add_argument("file", metavar="FILE", nargs="?")
    options = parser.options(argv)
    store = ContextStore(configuration.folder(session.choice.get("config")))
    context = store.get(checked_name(options.name))
    data = packed(context, store.material(context.name))
    if options.file == "-":
        if sys.stdout.isatty():
            raise InvalidArgument(
                "an archive is not for a terminal", hint="name a file, or redirect the output"
            )
        session.flush()
        sys.stdout.buffer.write(data)
        return 0
    path = Path(options.file or f"{context.name}.dockercontext")
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise Conflict(f"{path} exists already", hint="remove it, or name another file") from error
    except OSError as error:
        raise SystemProblem(f"cannot write {path}: {error.strerror}") from error
    session.err(f'Written file "{path}"')
    return 0


def import_(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "import", "CONTEXT FILE|-", "Read a context from a file, tar or zip.")
    parser.add_argument("name", metavar="CONTEXT")
    parser.add_argument("file", metavar="FILE")
    options = parser.options(argv)
    store = ContextStore(configuration.folder(session.choice.get("config")))
    checked_name(options.name)
    data = sys.stdin.buffer.read() if options.file == "-" else _content(options.file)
    context, material = unpacked(data, options.name)
    store.create(context, material)
    session.out(options.name)
    session.err(f'Successfully imported context "{options.name}"')
    return 0


def _content(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise SystemProblem(f"cannot read {path}: {error.strerror}") from error
