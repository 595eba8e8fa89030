"""`hythe context ls` and `hythe context inspect`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from hythe.cli.context import found, store_of, warn
from hythe.cli.format import table
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client.address import resolve
from hythe.client.context_store import Context, ContextStore
from hythe.errors import HytheError

_COLUMNS: Final = {
    "Name": "NAME", "Description": "DESCRIPTION", "DockerEndpoint": "DOCKER ENDPOINT", "Error": "ERROR",
    "Current": "CURRENT",
}  # fmt: skip


def ls(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "ls", "[OPTIONS]", "List contexts.")
    parser.text("--format", metavar="FORMAT", help="json, or a template")
    parser.flag("-q", "--quiet", help="names only")
    options = parser.options(argv)
    current = session.context
    contexts = [found(store_of(session), "default"), *store_of(session).all()]
    contexts.sort(key=lambda context: context.name)
    if options.quiet:
        for context in contexts:
            session.out(context.name)
        return 0
    rows = [_row(context, current) for context in contexts]
    if not options.format or options.format == "table":
        rows = [{**row, "Name": f"{row['Name']} *" if row["Current"] else row["Name"]} for row in rows]
    default = ("Name", "Description", "DockerEndpoint", "Error")
    table.show(rows, _COLUMNS, default=default, form=options.format, out=session.out)
    warn(session)
    return 0


def inspect(session: Session, argv: list[str]) -> int:
    from hythe.cli import failure

    parser = Parser(session, "inspect", "[OPTIONS] [CONTEXT...]", "Show everything about contexts.")
    parser.text("-f", "--format", metavar="FORMAT", help="json, or a template")
    parser.add_argument("names", metavar="CONTEXT", nargs="*")
    options = parser.options(argv)
    store, shown, code = store_of(session), list[dict[str, Any]](), 0
    for name in options.names or [session.context]:
        try:
            shown.append(_details(store, name))
        except HytheError as error:
            code = failure.report(error)
            break
    for text in _shown(shown, options.format):
        session.out(text)
    return code


def _row(context: Context, current: str) -> dict[str, Any]:
    problem = ""
    try:
        if context.endpoint.host:
            resolve(context.endpoint.host)
    except HytheError as error:
        problem = error.message
    return {
        "Name": context.name, "Description": context.description, "Current": context.name == current,
        "DockerEndpoint": context.endpoint.host, "Error": problem,
    }  # fmt: skip


def _details(store: ContextStore, name: str) -> dict[str, Any]:
    if name == "default":
        value = replace(found(store, name), metadata={}).to_json()
        places = dict.fromkeys(("MetadataPath", "TLSPath"), "<IN MEMORY>")
        return {**value, "TLSMaterial": {}, "Storage": places}
    value = store.get(name).to_json()
    files = [f"{kind}.pem" for kind in store.material(name)]
    places = {"MetadataPath": str(store.meta_folder(name)), "TLSPath": str(store.tls_folder(name))}
    return {**value, "TLSMaterial": {"docker": files} if files else {}, "Storage": places}


def _shown(contexts: list[dict[str, Any]], form: str | None) -> Iterator[str]:
    if not form:
        yield (
            json.dumps(contexts, indent=4, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
        )
        return
    from hythe.cli.format.template import Template
    from hythe.cli.format.values import to_json

    render = to_json if form == "json" else Template(form).render
    yield from ([render(each) for each in contexts] or [""])
