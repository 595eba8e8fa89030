"""The pages of help: `hythe --help`, `hythe network --help`, `hythe network create --help`."""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from hythe.cli.commands import ALIASES, GROUPS, SUBCOMMANDS, Command, top_level
from hythe.cli.globals import FLAGS, SHORT, VALUES

_FLAGS_WIDTH = 34


def overview() -> str:
    """All commands in their groups, and where to begin."""
    lines = [
        "Usage:  hythe [OPTIONS] COMMAND [ARGUMENTS]",
        "",
        "Containers, images, networks and applications.",
    ]
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:", *_listing(commands)]
    lines += [
        "",
        "Global flags:",
        *_global_flags(),
        "",
        "Begin with:  hythe image bootstrap busybox && hythe run --rm -it busybox",
        "More on a command:  hythe COMMAND --help",
    ]
    return "\n".join(lines)


def noun(name: str, commands: Mapping[str, Command]) -> str:
    """The commands of one noun."""
    lines = [
        f"Usage:  hythe {name} COMMAND",
        "",
        top_level()[name].summary,
        "",
        "Commands:",
        *_listing(commands),
    ]
    return "\n".join([*lines, "", f"More on a command:  hythe {name} COMMAND --help"])


def command(name: str, usage: str, summary: str, actions: Sequence[argparse.Action]) -> str:
    """One command, `name` with its noun: its other names and its flags."""
    lines = [f"Usage:  {usage}", "", summary.rstrip(".")]
    if len(names := _names(tuple(name.split()))) > 1:
        lines += ["", "Aliases:", f"  {', '.join(f'hythe {each}' for each in names)}"]
    flags = [action for action in actions if action.option_strings and action.help != argparse.SUPPRESS]
    width = max(int(os.environ.get("COLUMNS") or 100) - _FLAGS_WIDTH, 30)
    lines += ["", "Options:", *(line for action in flags for line in _flag(action, width))]
    return "\n".join([*lines, ""])


def _names(path: tuple[str, ...]) -> list[str]:
    """All names of a command: those that stand alone, those with a noun, and these nouns' aliases."""
    commands: dict[tuple[str, ...], Command] = {
        (name,): each for name, each in top_level().items() if each.place
    }
    commands |= {(noun, verb): each for noun, verbs in SUBCOMMANDS.items() for verb, each in verbs.items()}
    commands |= {alias: SUBCOMMANDS[alias[0]][verb] for alias, verb in ALIASES.items()}
    place = commands[path].place if path in commands else ""
    return [" ".join(each) for each, found in commands.items() if found.place == place]


def _flag(action: argparse.Action, width: int) -> Iterator[str]:
    names = sorted(action.option_strings, key=lambda name: name.startswith("--"))
    text = ", ".join(names) if not names[0].startswith("--") else f"    {', '.join(names)}"
    if action.nargs != 0:
        text += f" {action.metavar or ''}"
    about = textwrap.wrap(action.help or "", width) or [""]
    if len(text) + 4 > _FLAGS_WIDTH:
        yield f"  {text}"
    else:
        yield f"  {text:<{_FLAGS_WIDTH - 2}}{about.pop(0)}"
    yield from (" " * _FLAGS_WIDTH + line for line in about)


def _global_flags() -> Iterator[str]:
    for name, about in FLAGS:
        short = f"{SHORT[name]}," if name in SHORT else ""
        value = f" {VALUES[name][1]}" if name in VALUES else ""
        yield f"  {short:<3} {name + value:<19}{about}"


def _listing(commands: Mapping[str, Command]) -> list[str]:
    width = max(len(name) for name in commands)
    return [f"  {name:<{width}}  {command.summary}" for name, command in commands.items()]
