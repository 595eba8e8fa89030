"""Which commands and flags the installed docker CLI has, read from its own help.

    python -m tests.peers.docker_help > src/hythe/cli/coverage/docker-28.txt

writes the list that docs/cli.md is made against; a test compares the list with the CLI that is installed. The help is
asked for without a daemon in reach, for docker hides what a daemon does not have; plugins (buildx, compose) are left
out by a configuration folder that is not there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

_FLAG = re.compile(r"^ {2}(?:(-\w), | {4})(--[\w-]+)(?: (\S+))?(?: {2,}|$)")
_COMMAND = re.compile(r"^ {2}(\S+) {2,}")
_SECTION = re.compile(r"^\S.*:$")


def listing() -> Iterator[str]:
    """ "[container ls] alias, alias" and its flags, one a line, for every command; `[]` is docker itself."""
    yield f"# docker {_run('--version').split()[2].rstrip(',')}, by `python -m tests.peers.docker_help`"
    yield from _command(())


def _command(path: tuple[str, ...]) -> Iterator[str]:
    sections = _sections(_run(*path, "--help"))
    inner = [
        match[1]
        for title, lines in sections.items()
        if title.endswith("Commands:")
        for match in map(_COMMAND.match, lines)
        if match
    ]
    if not (path and inner):
        aliases = " ".join(sections.get("Aliases:", [])).split(",")
        names = [name.strip().removeprefix("docker ") for name in aliases if name.strip()]
        yield f"[{' '.join(path)}] {', '.join(name for name in names if name != ' '.join(path))}".rstrip()
        for title in ("Options:", "Global Options:"):
            yield from (_flag(match) for match in map(_FLAG.match, sections.get(title, [])) if match)
    for name in inner:
        yield from _command((*path, name))


def _flag(match: re.Match[str]) -> str:
    return " ".join(part for part in match.groups() if part)


def _sections(text: str) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if _SECTION.match(line):
            lines = sections.setdefault(line, [])
        else:
            lines.append(line)
    return sections


def _run(*arguments: str) -> str:
    env = {
        **os.environ,
        "DOCKER_HOST": "unix:///nonexistent",
        "DOCKER_CONFIG": "/nonexistent",
        "HOME": "/root",
    }
    return subprocess.run(["docker", *arguments], env=env, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.stdout.write("\n".join(listing()) + "\n")
