"""The flags and arguments that commands declare, without running any of them.

What `docs/cli.md` and the completions are made from: a command's function is called as ever, but with a session
that is `declaring`, so that it is stopped where it would read its arguments. Nothing about flags is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from hythe.cli.commands import ALIASES, SUBCOMMANDS, Command, load, top_level
from hythe.cli.parsing import Declared, Parser
from hythe.cli.session import Session

#: Commands with a command line of their own: not read by `Parser`.
_APART = ("hythe.",)


def parser_of(path: tuple[str, ...]) -> Parser | None:
    """The parser of ("ps",) or ("network", "create"), aliases included; None for what is no command of one."""
    command = command_of(path)
    if command is None or not command.place or command.place.startswith(_APART):
        return None
    session = Session()
    session.declaring = True
    session.prefix = f"{path[0]} " if len(path) == 2 else ""
    try:
        load(command)(session, [])
    except Declared as declared:
        return declared.parser
    return None


def command_of(path: tuple[str, ...]) -> Command | None:
    if len(path) == 1:
        return top_level().get(path[0])
    if len(path) == 2 and path[0] in SUBCOMMANDS:
        return SUBCOMMANDS[path[0]].get(ALIASES.get((path[0], path[1]), path[1]))
    return None


def paths() -> Iterator[tuple[str, ...]]:
    """Every command, without aliases: ("ps",), ("container", "ls"), ..."""
    for name in top_level():
        if name not in SUBCOMMANDS:
            yield (name,)
    for noun, commands in SUBCOMMANDS.items():
        for verb in commands:
            yield (noun, verb)
