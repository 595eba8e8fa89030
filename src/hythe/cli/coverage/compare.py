"""For every command and flag of docker's: whether hythe has it, accepts it, refuses it, or has it out of scope."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Final, NamedTuple

from hythe.cli.coverage.docker import DockerCommand, commands
from hythe.cli.declared import command_of, parser_of
from hythe.cli.globals import SHORT, SWITCHES, VALUES
from hythe.cli.parsing import Parser
from hythe.cli.spelling import Accept, Refuse

_SWARM: Final = "Swarm; a cluster is Kubernetes' business"
OUT_OF_SCOPE: Final = {
    **dict.fromkeys(("config", "node", "secret", "service", "stack", "swarm"), _SWARM),
    "volume update": _SWARM,
    "plugin": "managed plugins: drivers are built in",
    "checkpoint": "needs CRIU",
    "manifest": "manifest lists are made where images are pushed",
    "trust": "content trust (Notary) has no servers any more",
}


class Row(NamedTuple):
    """One command; `missing` are flags that its parser does not know, `known` is None where there is no command."""

    path: tuple[str, ...]
    aliases: tuple[str, ...]
    supported: list[str]
    accepted: list[tuple[str, str]]
    refused: list[tuple[str, str]]
    missing: list[str]
    own: list[str]
    there: bool


def rows() -> list[Row]:
    """The commands that are in scope, each once: under the name that has a noun, its aliases beside it."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for command in sorted(commands(), key=lambda each: (-len(each.path), each.path)):
        names = {command.path, *(tuple(alias.split()) for alias in command.aliases)}
        if not command.path or outside(command.path) or names & seen:
            continue
        seen |= names
        found.append(_row(command))
    return sorted(found, key=lambda row: row.path)


def outside(path: tuple[str, ...]) -> str | None:
    """Why a command is out of scope, None for one that is not."""
    return OUT_OF_SCOPE.get(path[0]) or OUT_OF_SCOPE.get(" ".join(path))


def missing_globals() -> list[str]:
    """Global flags of docker's that hythe does not know."""
    known = {*VALUES, *SWITCHES, *SHORT, *SHORT.values(), "--tls", "--tlsverify"}
    return [name for names in commands()[0].flags for name in names if name not in known]


def _row(command: DockerCommand) -> Row:
    parser = parser_of(command.path)
    if parser is None:
        there = command_of(command.path) is not None
        return Row(
            command.path, command.aliases, [], [], [], [names[-1] for names in command.flags], [], there
        )
    row = Row(command.path, command.aliases, [], [], [], [], _own(parser, command.flags), True)
    for names in command.flags:
        action = parser._option_string_actions.get(names[-1])
        shown = ", ".join(names)
        if action is None or any(name not in action.option_strings for name in names):
            row.missing.append(shown)
        elif isinstance(action, Refuse):
            row.refused.append((shown, str(action.const or "")))
        elif isinstance(action, Accept):
            row.accepted.append((shown, str(action.help).removeprefix("accepted: ")))
        else:
            row.supported.append(shown)
    return row


def _own(parser: Parser, flags: Iterable[tuple[str, ...]]) -> list[str]:
    """Flags that hythe has beside docker's; those that docker hides are not told apart from them."""
    known = {name for names in flags for name in names} | {"--help"}
    return [
        ", ".join(action.option_strings)
        for action in parser._actions
        if action.option_strings
        and action.help != argparse.SUPPRESS
        and not known & set(action.option_strings)
    ]
