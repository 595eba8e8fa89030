"""The text of docs/cli.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from hythe.cli.commands import SUBCOMMANDS, top_level
from hythe.cli.coverage.compare import Row, outside, rows
from hythe.cli.coverage.docker import commands, text

_HEAD: Final = """# The command line: docker's, and what hythe has of it

Made from the parsers and from docker's own help ({version}) by `python -m hythe.cli.coverage`; do not edit.

- *supported*: does what docker's does. What only a daemon can judge is passed on to it: [engine-api.md](engine-api.md).
- *accepted*: changes nothing, since there is nothing to choose between here.
- *refused*: an error that names the flag, before anything is done.
- `tests/outside/test_cli_side_by_side.py` gives the same arguments to both and compares output and exit code.

How hythe finds a daemon, contexts, completions: [client.md](client.md).
"""
_DIFFERENT: Final = (
    ("`--help`, `--version`, the client's part of `version` and `info`", "hythe's own words"),
    ("`hythe network` without a verb", "lists the verbs on standard output; docker on standard error"),
    ("errors", "`hythe: WHAT`, and below it the next thing to do"),
    (
        "`prune` when the input is at its end",
        "an error that says `add --force`; docker takes it for a no, and ends with 0",
    ),
    (
        "`attach` that is left with its detach keys",
        "ends with 0, as `run` does; docker ends with 1 after `attach`",
    ),
    ("a signal with `--sig-proxy=false`", "ends the client; docker's waits for the third"),
    ("`--detach-keys` that are none", "refused; docker looks at them only where there is a terminal"),
    (
        "`{{json .}}` of `inspect`, `info` and `version`",
        "fields in the daemon's order, not in that of Go's structures",
    ),
    ("`{{.State}}` and other structures", "`map[Name:value ...]`; docker prints the values alone"),
    ("`build`", "a build without BuildKit's front end: buildx's own flags are refused"),
)


def markdown() -> str:
    version = text().splitlines()[0].removeprefix("# ").partition(",")[0]
    found = rows()
    there = [row for row in found if row.there]
    flags = sum(len(row.supported) + len(row.accepted) + len(row.refused) + len(row.missing) for row in there)
    done = sum(len(row.supported) + len(row.accepted) for row in there)
    lines = [_HEAD.format(version=version), f"{len(there)} commands; {done} of their {flags} flags.", ""]
    lines += [
        "| command | also | flags supported | accepted | refused | hythe's own |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_line(row) for row in there]
    if absent := list(_absent(found)):
        lines += ["", "## Not there yet", "", "| command | flags |", "|---|---|", *absent]
    lines += ["", "## Hythe's own commands", "", "| command | |", "|---|---|", *_own(found)]
    lines += ["", "## Out of scope", "", "| command | why |", "|---|---|", *_outside()]
    lines += ["", "## Different on purpose", "", "| what | how |", "|---|---|"]
    lines += [f"| {what} | {how} |" for what, how in _DIFFERENT]
    return "\n".join([*lines, ""])


def _line(row: Row) -> str:
    cells = (
        f"`{' '.join(row.path)}`", _code(row.aliases), _code(row.supported), _reasons(row.accepted),
        _reasons(row.refused), _code(row.own),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _absent(found: Iterable[Row]) -> Iterator[str]:
    for row in found:
        if row.missing or not row.there:
            yield f"| `{' '.join(row.path)}` | {_code(row.missing)} |"


def _own(found: Iterable[Row]) -> Iterator[str]:
    docker: set[tuple[str, ...]] = {row.path for row in found} | {
        tuple(alias.split()) for row in found for alias in row.aliases
    }
    for name, command in top_level().items():
        if (name,) not in docker and name not in SUBCOMMANDS:
            yield f"| `{name}` | {command.summary} |"
    for noun, verbs in SUBCOMMANDS.items():
        for verb, command in verbs.items():
            if (noun, verb) not in docker and verb not in top_level():
                yield f"| `{noun} {verb}` | {command.summary} |"


def _outside() -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for command in commands():
        if command.path and (why := outside(command.path)):
            groups.setdefault(why, []).append(" ".join(command.path))
    for why, names in groups.items():
        yield f"| {_code(names)} | {why} |"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _reasons(flags: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"`{name}`: {why}" if why else f"`{name}`" for name, why in flags)
