"""The overview pages: `hythe --help`, `hythe network --help`."""

from __future__ import annotations

from collections.abc import Mapping

from hythe.cli.commands import GROUPS, Command


def overview() -> str:
    """All commands in their groups, and where to begin."""
    lines = [
        "Usage: hythe [-H HOST] COMMAND [ARGUMENTS]",
        "",
        "Containers, images, networks and applications.",
    ]
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:", *_listing(commands)]
    lines += [
        "",
        "Global flags:",
        "  -H, --host HOST   the daemon: unix:///PATH or tcp://ADDRESS (also: HYTHE_HOST)",
        "  -D, --debug       show tracebacks (also: HYTHE_DEBUG=1)",
        "  -v, --version     print the version",
        "",
        "Begin with:  hythe image bootstrap busybox && hythe run --rm -it busybox",
        "More on a command:  hythe COMMAND --help",
    ]
    return "\n".join(lines)


def noun(name: str, commands: Mapping[str, Command]) -> str:
    """The commands of one noun."""
    return "\n".join([f"Usage: hythe {name} COMMAND", "", *_listing(commands)])


def _listing(commands: Mapping[str, Command]) -> list[str]:
    width = max(len(name) for name in commands)
    return [f"  {name:<{width}}  {command.summary}" for name, command in commands.items()]
