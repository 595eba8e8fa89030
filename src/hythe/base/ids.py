"""Identifiers: 64 hexadecimal characters, as every Docker client expects; 12 of them for people."""

from __future__ import annotations

import secrets


def new_id() -> str:
    """A random identifier of 64 hexadecimal characters that is never all digits in its first twelve.

    An all-digit prefix would be taken for a number by tools that use it as a hostname or in YAML.
    """
    while True:
        value = secrets.token_hex(32)
        if not value[:12].isdigit():
            return value


def short(id: str) -> str:
    """The first twelve characters, without an algorithm prefix such as "sha256:"."""
    return id.removeprefix("sha256:")[:12]
