"""From the text of a Dockerfile to logical lines that know where each of their characters came from.

What happens here, in this order (Dockerfile reference, "Format", "Parser directives", "Here-documents"): a
byte order mark is dropped; parser directives are read until the first line that is none; comments and empty
lines go; a line that ends in the escape character is joined with the next, comments between them left out;
and for RUN, COPY and ADD the bodies of here-documents are taken off. Meaning is `parser.py`'s.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

from hythe.build.syntax.heredoc import Announcement, Heredoc, announcements, body
from hythe.build.syntax.position import Position
from hythe.errors import SyntaxProblem

_DIRECTIVE: Final = re.compile(r"^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_KNOWN: Final = ("syntax", "escape", "check")
_TAKES_HEREDOC: Final = re.compile(r"^(?:ONBUILD\s+)*(?:RUN|COPY|ADD)(?=\s)", re.IGNORECASE)


@dataclass
class Line:
    """One logical line. `pieces` are (offset in text, line, column of that offset), ascending."""

    file: str
    text: str = ""
    pieces: list[tuple[int, int, int]] = field(default_factory=list)
    heredocs: list[Heredoc] = field(default_factory=list)

    def add(self, text: str, line: int, column: int) -> None:
        self.pieces.append((len(self.text), line, column))
        self.text += text

    def at(self, offset: int) -> Position:
        """The place in the file of the character at `offset` of `text`."""
        index = max(0, bisect_right(self.pieces, offset, key=lambda piece: piece[0]) - 1)
        start, line, column = self.pieces[index]
        return Position(self.file, line, column + offset - start)

    def problem(self, offset: int, message: str, hint: str | None = None) -> SyntaxProblem:
        return self.at(offset).problem(message, hint)


@dataclass
class Source:
    """A Dockerfile as logical lines; `directives` has syntax, escape and check as far as they are given."""

    file: str
    directives: dict[str, str]
    escape: str
    lines: list[Line]
    warnings: list[str]


def read(text: str, file: str = "Dockerfile") -> Source:
    """The logical lines of a Dockerfile; SyntaxProblem for a bad directive or an endless here-document."""
    return _Reader(text, file).read()


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._physical = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
        self._next = 0
        self._warnings: list[str] = []

    def read(self) -> Source:
        directives = self._directives()
        escape = directives.get("escape", "\\")
        continued = re.compile(rf"(?<!{re.escape(escape)}){re.escape(escape)}[ \t]*$")
        lines: list[Line] = []
        while (line := self._logical(continued)) is not None:
            if _TAKES_HEREDOC.match(line.text):
                self._heredocs(line, escape)
            lines.append(line)
        return Source(self._file, directives, escape, lines, self._warnings)

    def _directives(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, line in enumerate(self._physical, 1):
            match = _DIRECTIVE.match(line.strip())
            name = match[1].lower() if match else ""
            if match is None or name not in _KNOWN:
                break
            column = line.index("#") + 1
            at = Position(self._file, number, column)
            if name in found:
                raise at.problem(f"only one {name} parser directive can be used", "remove the second one")
            if name == "escape" and match[2] not in ("\\", "`"):
                raise at.problem(f"invalid escape token {match[2]!r}", "it is either \\ or `")
            found[name] = match[2]
            self._next = number
        return found

    def _logical(self, continued: re.Pattern[str]) -> Line | None:
        line, more, empty = Line(self._file), True, False
        while more and self._next < len(self._physical):
            number, raw = self._next + 1, self._physical[self._next]
            self._next += 1
            stripped = raw.lstrip()
            if stripped.startswith("#"):
                continue
            if not stripped:
                empty = empty or bool(line.pieces)
                continue
            text = raw if line.pieces else stripped
            column = 1 if line.pieces else len(raw) - len(stripped) + 1
            end = continued.search(text)
            more = end is not None
            line.add(text[: end.start()] if end else text, number, column)
        if empty:
            self._warnings.append(f"[WARNING]: Empty continuation line found in:\n    {line.text}")
        if not line.pieces:
            return None
        if not line.text.strip():
            return self._logical(continued)
        return line

    def _heredocs(self, line: Line, escape: str) -> None:
        for announcement in announcements(line.text, escape):
            at = line.at(announcement.offset)
            line.heredocs.append(body(announcement, self._until(announcement, at), at))

    def _until(self, announcement: Announcement, at: Position) -> list[str]:
        lines: list[str] = []
        while self._next < len(self._physical):
            text = self._physical[self._next]
            self._next += 1
            if announcement.ends(text):
                return lines
            lines.append(text)
        raise at.problem(
            f"unterminated here-document {announcement.word}",
            f"end it with a line that is just {announcement.name}",
        )
