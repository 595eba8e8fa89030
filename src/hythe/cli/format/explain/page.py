"""A page of sections, laid out for a width: facts, tables, and lines that stay as they are.

    Title    where the kernel shows it, in faint type on a terminal
      name   a fact, which goes on
             below itself when it is too long
      COLUMN   COLUMN   COLUMN
      cell     cell     the last cell of a row may go on below itself too

Text is broken between words alone: a path or a rule is never cut, so that it can be copied. What a container
chose itself (its commands, its users' names) may hold anything, so control characters are shown as escapes. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

_INDENT: Final = "  "
_GAP: Final = 2
_NARROW: Final = 14

Paint = Callable[[str, str], str]
"""(text, "title" | "faint") to text; what it adds takes no room."""


@dataclass(frozen=True)
class Facts:
    """(name, text); an empty name continues the fact above."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    titles: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Lines:
    """Shown as they are."""

    texts: Sequence[str]


@dataclass(frozen=True)
class Section:
    title: str
    where: Sequence[str]
    blocks: Sequence[Facts | Table | Lines] = field(default_factory=tuple)


def plain(text: str, style: str) -> str:
    return text


def colored(text: str, style: str) -> str:
    """Select Graphic Rendition: 1 is bold, 2 is faint (ECMA-48, 8.3.117)."""
    return f"\x1b[{1 if style == 'title' else 2}m{text}\x1b[0m"


def visible(text: str) -> str:
    """Control characters as \\x1b and the like: on a terminal they would be obeyed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width`, but for words that are longer by themselves."""
    lines = [""]
    for word in text.split(" "):
        candidate = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and len(candidate) > width:
            lines.append(word)
        else:
            lines[-1] = candidate
    return lines


def render(sections: Iterable[Section], width: int, paint: Paint = plain) -> list[str]:
    """The page's lines, a blank one between sections."""
    lines: list[str] = []
    for section in sections:
        lines += [""] if lines else []
        where = ", ".join(section.where)
        lines.append(paint(section.title, "title") + (f"{_INDENT}{paint(where, 'faint')}" if where else ""))
        for block in section.blocks:
            lines += [(_INDENT + line).rstrip() for line in _block(block, width - len(_INDENT), paint)]
    return lines


def _block(block: Facts | Table | Lines, width: int, paint: Paint) -> list[str]:
    if isinstance(block, Lines):
        return [visible(text) for text in block.texts]
    if isinstance(block, Facts):
        return _aligned(block.rows, width)
    if not block.rows:
        return []
    first, *rest = _aligned([block.titles, *block.rows], width)
    return [paint(first, "faint"), *rest]


def _aligned(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Cells in columns. The last one wraps, on lines of its own where the others leave it little room."""
    rows = [[visible(cell) for cell in row] for row in rows]
    count = max((len(row) for row in rows), default=0)
    widths = [max(len(row[n]) for row in rows) + _GAP for n in range(count - 1)]
    left = sum(widths)
    lines = []
    for *cells, last in rows:
        start = "".join(cell.ljust(size) for cell, size in zip(cells, widths, strict=True))
        if width - left >= _NARROW:
            first, *more = wrapped(last, width - left)
            lines += [start + first, *(" " * left + line for line in more)]
        else:
            own = wrapped(last, width - 2 * len(_INDENT))
            lines += [start.rstrip(), *(2 * _INDENT + line for line in own)]
    return lines
