"""`hythe context export` and `hythe context import`: a context as a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hythe.cli.context_fields import content
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client import configuration
from hythe.client.context_archive import packed, unpacked
from hythe.client.context_store import ContextStore, checked_name
from hythe.errors import Conflict, InvalidArgument, SystemProblem


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
    data = sys.stdin.buffer.read() if options.file == "-" else content(options.file)
    context, material = unpacked(data, options.name)
    store.create(context, material)
    session.out(options.name)
    session.err(f'Successfully imported context "{options.name}"')
    return 0
