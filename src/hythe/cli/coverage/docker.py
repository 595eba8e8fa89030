"""Every command and flag of the docker CLI 28, as `python -m tests.peers.docker_help` took them from its help."""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple


class DockerCommand(NamedTuple):
    """`flags` are groups of names of one flag: ("-a", "--all")."""

    path: tuple[str, ...]
    aliases: tuple[str, ...]
    flags: tuple[tuple[str, ...], ...]


def text() -> str:
    return files("hythe.cli.coverage").joinpath("docker-28.txt").read_text("utf-8")


def commands() -> list[DockerCommand]:
    """In docker's order; the first, with an empty path, is docker itself with its global flags."""
    found: list[DockerCommand] = []
    for line in text().splitlines():
        if line.startswith("["):
            path, _, aliases = line[1:].partition("]")
            names = tuple(name.strip() for name in aliases.split(",") if name.strip())
            found.append(DockerCommand(tuple(path.split()), names, ()))
        elif line and not line.startswith("#"):
            names = tuple(word for word in line.split() if word.startswith("-"))
            found[-1] = found[-1]._replace(flags=(*found[-1].flags, names))
    return found
