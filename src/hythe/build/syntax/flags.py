"""The `--name=value` words between an instruction and its arguments.

Flags end at the first word that does not begin with `--`, or at `--` itself. Quotes are taken away, variables
stay (they are replaced when the values are known). A flag the instruction does not have is refused with the
nearest that it has.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from hythe.build.syntax.position import Position, Word
from hythe.build.syntax.source import Line
from hythe.build.syntax.words import quoted_words


@dataclass
class Flags:
    """The flags of one instruction: each name with its values in order, and where the arguments begin."""

    values: dict[str, list[Word]] = field(default_factory=dict)
    rest: int = 0

    def one(self, name: str) -> Word | None:
        """The value of a flag that can be given once; None when it is absent."""
        words = self.values.get(name, [])
        if len(words) > 1:
            raise words[1].at.problem(f"duplicate flag specified: --{name}", "give it once")
        return words[0] if words else None

    def many(self, name: str) -> tuple[Word, ...]:
        return tuple(self.values.get(name, []))

    def boolean(self, name: str) -> bool | None:
        """True for --name and --name=true, False for --name=false, None when it is absent."""
        word = self.one(name)
        if word is None:
            return None
        if word.text not in ("", "true", "false"):
            raise word.at.problem(f"expecting boolean value for flag --{name}, not: {word.text}")
        return word.text != "false"


def cut(line: Line, offset: int, instruction: str, known: Collection[str], escape: str) -> Flags:
    """The flags that begin at `offset` of the line. `known` are the names this instruction takes."""
    flags = Flags(rest=len(line.text))
    for start, text in quoted_words(line.text[offset:], escape, offset):
        if not text.startswith("--"):
            flags.rest = start
            break
        if text == "--":
            flags.rest = start + 2
            break
        name, equals, value = text[2:].partition("=")
        if name not in known:
            raise _unknown(line.at(start), instruction, name, known)
        at = line.at(start + 2 + len(name) + len(equals))
        flags.values.setdefault(name, []).append(Word(_bare(value), at))
    return flags


def _bare(value: str) -> str:
    """A value without one pair of quotes around it."""
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def _unknown(at: Position, instruction: str, name: str, known: Collection[str]) -> Exception:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        hint = f"did you mean --{near[0]}?"
    elif known:
        hint = f"{instruction} takes " + ", ".join(f"--{flag}" for flag in sorted(known))
    else:
        hint = f"{instruction} takes no flags"
    return at.problem(f"unknown flag: --{name}", hint)


def parse_csv(word: Word) -> Mapping[str, Word]:
    """`key=value,key,...` as a mapping; quoted fields as in RFC 4180. A key without value maps to ""."""
    pairs: dict[str, Word] = {}
    for offset, item in _csv_fields(word):
        key, equals, value = item.partition("=")
        at = Position(word.at.file, word.at.line, word.at.column + offset)
        pairs[key.strip().lower()] = Word(value if equals else "", at)
    return pairs


def _csv_fields(word: Word) -> list[tuple[int, str]]:
    items: list[tuple[int, str]] = []
    begin, current, quoted = 0, "", False
    for index, character in enumerate(word.text):
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            items.append((begin, current))
            begin, current = index + 1, ""
        else:
            current += character
    if quoted:
        raise word.at.problem(f'open quote in "{word.text}"')
    return [*items, (begin, current)]
