"""Here-documents: the `<<NAME` words of a RUN, COPY or ADD line, and the lines that belong to them.

A word of the form `[n]<<[-]NAME` announces one (Dockerfile reference, "Here-documents"; POSIX shell 2.7.4).
A quote anywhere in NAME keeps variables in the body as they are; `<<-` takes leading tabs away. What the
bodies mean (a script, the input of a command, a file) is decided by the instruction, not here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hythe.build.syntax.position import Position
from hythe.build.syntax.words import quoted_words

_START: Final = re.compile(r"^(\d*)<<(-?)([^<]+)$")


@dataclass(frozen=True)
class Announcement:
    """A `<<NAME` seen on a line: `offset` says where in its text."""

    offset: int
    word: str
    name: str
    expand: bool
    strip_tabs: bool

    def ends(self, line: str) -> bool:
        """Whether this physical line is the terminator."""
        return (line.lstrip("\t") if self.strip_tabs else line) == self.name


@dataclass(frozen=True)
class Heredoc:
    """A here-document with its body; `raw` is the body before tabs were taken away."""

    word: str
    name: str
    content: str
    raw: str
    expand: bool
    at: Position


def announcements(text: str, escape: str) -> list[Announcement]:
    """The here-documents that a logical line announces, in order."""
    found = []
    for offset, word in quoted_words(text, escape):
        match = _START.match(word)
        if match is None:
            continue
        name = unquote(match[3], escape)
        if name and not any(character.isspace() for character in name):
            found.append(Announcement(offset, word, name, name == match[3], match[2] == "-"))
    return found


def unquote(word: str, escape: str) -> str:
    """`word` without its quotes and escapes, as the terminator line is written."""
    result, quote, index = "", "", 0
    while index < len(word):
        character = word[index]
        if quote and character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif character == escape and quote != "'" and index + 1 < len(word):
            index += 1
            result += word[index]
        else:
            result += character
        index += 1
    return result


def body(announcement: Announcement, lines: list[str], at: Position) -> Heredoc:
    """The here-document made of `lines`, the physical lines before the terminator."""
    raw = "".join(line + "\n" for line in lines)
    content = "".join(line.lstrip("\t") + "\n" for line in lines) if announcement.strip_tabs else raw
    return Heredoc(announcement.word, announcement.name, content, raw, announcement.expand, at)
