"""The overview pages: `hythe --help`, `hythe network --help`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hythe.cli.commands import GROUPS, Command
from hythe.cli.globals import FLAGS, SHORT, VALUES


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
    return "\n".join([f"Usage: hythe {name} COMMAND", "", *_listing(commands)])


def _global_flags() -> Iterator[str]:
    for name, about in FLAGS:
        short = f"{SHORT[name]}," if name in SHORT else ""
        value = f" {VALUES[name][1]}" if name in VALUES else ""
        yield f"  {short:<3} {name + value:<19}{about}"


def _listing(commands: Mapping[str, Command]) -> list[str]:
    width = max(len(name) for name in commands)
    return [f"  {name:<{width}}  {command.summary}" for name, command in commands.items()]
