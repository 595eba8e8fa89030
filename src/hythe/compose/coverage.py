"""The list of what is implemented of the Compose Specification, made from the schema that checks the files.

`python -m hythe.compose.coverage` prints it as docs/compose.md; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hythe.compose.arguments import ABSENT, COMMANDS
from hythe.compose.schema.shapes import Either, Fields, ListOf, Refused, Shape, TableOf, Word
from hythe.compose.schema.top import FILE


class Row(NamedTuple):
    """A key by its path, such as "services.NAME.build.args"; `instead` where it is refused."""

    path: str
    supported: bool
    instead: str = ""


def rows() -> list[Row]:
    """All keys of the specification, in the order of the schema."""
    found = {row.path: row for row in _walk(FILE, "")}
    return sorted(found.values())


def markdown() -> str:
    every = rows()
    done = sum(row.supported for row in every)
    lines = [
        "# Compose: what is implemented",
        "",
        "Made from the code by `python -m hythe.compose.coverage`; do not edit. What is not implemented is",
        "refused by name, with its line and column, and never ignored. Extensions (`x-...`), YAML anchors, merge",
        "keys, `!reset`, `!override` and variables are understood everywhere.",
        "",
        f"{done} of {len(every)} keys.",
        "",
        "| key | | instead |",
        "|---|---|---|",
    ]
    lines += [f"| `{row.path}` | {'yes' if row.supported else 'no'} | {row.instead} |" for row in every]
    lines += ["", "## Commands", "", "| command | | |", "|---|---|---|"]
    lines += [f"| `{name}` | yes | {summary} |" for name, summary in COMMANDS.items()]
    lines += [f"| `{name}` | no | {instead} |" for name, instead in ABSENT.items()]
    return "\n".join(lines) + "\n"


def _walk(shape: Shape, path: str) -> Iterator[Row]:
    if isinstance(shape, Fields):
        for key, inner in shape.fields.items():
            here = f"{path}.{key}" if path else key
            if isinstance(inner, Refused):
                yield Row(here, False, inner.instead)
            else:
                yield Row(here, True)
                yield from _walk(inner, here)
    elif isinstance(shape, TableOf):
        yield from _walk(shape.value, f"{path}.NAME")
    elif isinstance(shape, ListOf):
        yield from _walk(shape.item, f"{path}[]")
    elif isinstance(shape, Either):
        for one in shape.shapes:
            yield from _walk(one, path)
    elif isinstance(shape, Word):
        for choice in shape.refused:
            yield Row(f"{path}: {choice}", False)


if __name__ == "__main__":
    print(markdown(), end="")
