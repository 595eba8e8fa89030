"""`hythe context`: names for daemons, kept where docker keeps them, so that both clients know the same ones."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Final

from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client import configuration
from hythe.client.address import Choice, resolve
from hythe.client.context_store import Context, ContextStore, Endpoint, checked_name
from hythe.errors import Conflict, InvalidArgument

_DEFAULT: Final = "Current DOCKER_HOST based configuration"


def create(session: Session, argv: list[str]) -> int:
    from hythe.cli.context_fields import endpoint_of

    parser = Parser(session, "create", "[OPTIONS] CONTEXT", "Give a daemon a name.")
    parser.text("--description", metavar="TEXT", help="what it is")
    parser.text(
        "--docker", metavar="FIELDS", help="host=tcp://H:2376,ca=FILE,cert=FILE,key=FILE; or from=CONTEXT"
    )
    parser.text("--from", metavar="CONTEXT", help="as that one")
    parser.add_argument("name", metavar="CONTEXT")
    options = parser.options(argv)
    store = store_of(session)
    checked_name(options.name)
    source = getattr(options, "from")
    if source and options.docker:
        raise InvalidArgument(
            "--from and --docker exclude each other", hint="write --docker from=CONTEXT,..."
        )
    if options.docker:
        endpoint, material = endpoint_of(options.docker, store, default_endpoint())
        context = Context(options.name, endpoint)
    else:
        like = found(store, source or "default")
        material = store.material(source) if source and source != "default" else {}
        context = replace(like, name=options.name)
    store.create(_described(context, options.description), material)
    session.out(options.name)
    session.err(f'Successfully created context "{options.name}"')
    return 0


def update(session: Session, argv: list[str]) -> int:
    from hythe.cli.context_fields import endpoint_of

    parser = Parser(session, "update", "[OPTIONS] CONTEXT", "Change a context.")
    parser.text("--description", metavar="TEXT", help="what it is")
    parser.text(
        "--docker", metavar="FIELDS", help="host=tcp://H:2376,ca=FILE,cert=FILE,key=FILE; or from=CONTEXT"
    )
    parser.add_argument("name", metavar="CONTEXT")
    options = parser.options(argv)
    store = store_of(session)
    context = store.get(checked_name(options.name))
    material = None
    if options.docker:
        endpoint, material = endpoint_of(options.docker, store, default_endpoint())
        context = replace(context, endpoint=endpoint)
    store.put(_described(context, options.description), material)
    session.out(options.name)
    session.err(f'Successfully updated context "{options.name}"')
    return 0


def use(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "use", "CONTEXT", "Have all commands go to the daemon of this context.")
    parser.add_argument("name", metavar="CONTEXT")
    options = parser.options(argv)
    if options.name != "default":
        store_of(session).get(options.name)
    configuration.choose_context(folder_of(session), "" if options.name == "default" else options.name)
    session.out(options.name)
    session.err(f'Current context is now "{options.name}"')
    warn(session)
    return 0


def show(session: Session, argv: list[str]) -> int:
    Parser(session, "show", "", "Print the name of the current context.").options(argv)
    session.out(session.context)
    return 0


def rm(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "rm", "[OPTIONS] CONTEXT...", "Remove contexts.")
    parser.flag("-f", "--force", help="the current one too, and say nothing of those that are not there")
    parser.add_argument("names", metavar="CONTEXT", nargs="+")
    options = parser.options(argv)
    store, folder = store_of(session), folder_of(session)

    def one(name: str) -> str:
        if name == "default":
            raise InvalidArgument(
                'context "default" cannot be removed', hint="it is what is used without one"
            )
        current = configuration.current_context(folder) == name
        if current and not options.force:
            raise Conflict(
                f'context "{name}" is in use', hint=f"hythe context rm -f {name}, or use another first"
            )
        if not options.force or store.exists(name):
            store.remove(name)
        if current:
            configuration.choose_context(folder, "")
        return name

    return session.each(options.names, one)


def default_endpoint() -> Endpoint:
    """Where commands go without a context: HYTHE_HOST, DOCKER_HOST, or the default socket."""
    host = os.environ.get("HYTHE_HOST") or os.environ.get("DOCKER_HOST")
    return Endpoint(str(resolve(host) if host else resolve(Choice(context="default"))))


def folder_of(session: Session) -> str:
    return configuration.folder(session.choice.get("config"))


def store_of(session: Session) -> ContextStore:
    return ContextStore(folder_of(session))


def found(store: ContextStore, name: str) -> Context:
    if name == "default":
        return Context("default", default_endpoint(), {"Description": _DEFAULT})
    return store.get(name)


def _described(context: Context, description: str | None) -> Context:
    if description is None:
        return context
    return replace(context, metadata={**context.metadata, "Description": description})


def warn(session: Session) -> None:
    """A context that was chosen, and is not what commands use."""
    chosen = configuration.current_context(folder_of(session))
    for name in ("HYTHE_HOST", "HYTHE_CONTEXT", "DOCKER_HOST", "DOCKER_CONTEXT"):
        if os.environ.get(name) and chosen:
            session.err(
                f"Warning: {name} environment variable overrides the active context. To use a context, either set "
                f"the global --context flag, or unset {name} environment variable."
            )
            return
