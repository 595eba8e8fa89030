"""Cutting a logical line into words, without interpreting them.

A word ends at white space that is neither quoted nor escaped; quotes and escapes stay in the word, because
variable substitution (`expand.py`) is what takes them away, later, when the values are known. Offsets are
kept so that an error can point at the word.
"""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple

_FIELD: Final = re.compile(r"\S+")


class Piece(NamedTuple):
    """A word and where it begins in the text it was cut from."""

    offset: int
    text: str


class NotStrings(ValueError):
    """A JSON array where something is not a string: a mistake, not a shell command that looks like JSON."""


def fields(text: str, offset: int = 0) -> list[Piece]:
    """Words at plain white space: FROM, EXPOSE, COPY, ADD, VOLUME know no quotes when they are cut."""
    return [Piece(offset + found.start(), found[0]) for found in _FIELD.finditer(text)]


def quoted_words(text: str, escape: str, offset: int = 0) -> list[Piece]:
    """Words at white space outside of quotes and escapes, still with their quotes: ENV, LABEL, ARG, flags."""
    pieces: list[Piece] = []
    begin, quote, index = -1, "", 0
    while index < len(text):
        character = text[index]
        if begin < 0:
            if character.isspace():
                index += 1
                continue
            begin = index
        elif character.isspace() and not quote:
            pieces.append(Piece(offset + begin, text[begin:index]))
            begin = -1
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        if character == escape and quote != "'":
            index += 1  # the escaped character is part of the word, whatever it is
        index += 1
    if begin >= 0:
        pieces.append(Piece(offset + begin, text[begin:]))
    return pieces


def json_array(text: str) -> list[str] | None:
    """The strings of a JSON array (the exec form), or None when it is not JSON: then it is the shell form.

    Raises NotStrings for an array that holds other things (Dockerfile reference, "exec form": a JSON array of
    strings; docker refuses it by the same rule).
    """
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, list):
        return None
    if not all(isinstance(item, str) for item in value):
        raise NotStrings(text)
    return value
