"""Identifiers: 64 hexadecimal characters, as every Docker client expects; 12 of them for people."""

from __future__ import annotations

import os


def random_hex(size: int = 8) -> str:
    """`size` random bytes, two characters each: for temporary names that nobody else has."""
    return os.urandom(size).hex()  # the module `secrets` does the same, and takes 3 ms to import


def new_id() -> str:
    """A random identifier of 64 hexadecimal characters that is never all digits in its first twelve.

    An all-digit prefix would be taken for a number by tools that use it as a hostname or in YAML.
    """
    while True:
        value = random_hex(32)
        if not value[:12].isdigit():
            return value


def short(id: str) -> str:
    """The first twelve characters, without an algorithm prefix such as "sha256:"."""
    return id.removeprefix("sha256:")[:12]
