"""Shapes that several keys share: commands, pairs, hosts, ulimits, files mounted from configs and secrets."""

from __future__ import annotations

from typing import Final

from hythe.compose.schema.shapes import (
    Anything,
    Either,
    Fields,
    ListOf,
    Null,
    Number,
    Shape,
    TableOf,
    Word,
    either,
)

TEXT: Final = Word()
TEXTS: Final = ListOf(TEXT, unique=True)
TEXT_OR_TEXTS: Final = either(TEXT, TEXTS)
COMMAND: Final = either(Null(), TEXT, ListOf(Anything(null=False)))
PAIRS: Final = either(Null(), TableOf(Anything()), ListOf(TEXT))
OPTIONS: Final = TableOf(Anything())
EXTRA_HOSTS: Final = either(TableOf(either(TEXT, ListOf(TEXT))), ListOf(TEXT))
ULIMITS: Final = TableOf(either(Number(), Fields({"soft": Number(), "hard": Number()}, ("soft", "hard"))))
FILE_REFERENCES: Final = ListOf(
    either(
        TEXT,
        Fields(
            {"source": TEXT, "target": TEXT, "uid": TEXT, "gid": TEXT, "mode": Anything(null=False)},
            ("source",),
        ),
    )
)
ENV_FILES: Final = either(
    TEXT,
    ListOf(either(TEXT, Fields({"path": TEXT, "required": Anything(), "format": Word(("raw",))}, ("path",)))),
)


def optional(shape: Shape) -> Either:
    """`shape`, or nothing after the key."""
    return either(Null(), shape)
