"""The instructions that only describe the image: ENV, LABEL, ARG, CMD, EXPOSE, HEALTHCHECK and the like."""

from __future__ import annotations

import re
from typing import Final

from hythe.base.units import parse_duration
from hythe.build.syntax import flags
from hythe.build.syntax.nodes import Arg, Assign, Command, Healthcheck, Instruction, Start, Text, Words
from hythe.build.syntax.position import Word
from hythe.build.syntax.source import Line
from hythe.build.syntax.words import NotStrings, Piece, fields, json_array, quoted_words
from hythe.errors import InvalidArgument

_HEALTH_FLAGS: Final = ("interval", "timeout", "start-period", "start-interval", "retries")
_LEAST: Final = 1_000_000


def text(line: Line, head: Instruction, offset: int, escape: str) -> Text:
    """WORKDIR, USER, STOPSIGNAL, MAINTAINER: exactly one argument, which may hold white space."""
    rest = _rest(line, head, offset, escape)
    return Text(head.name, head.original, head.at, Word(rest.text, line.at(rest.offset)))


def words(line: Line, head: Instruction, offset: int, escape: str) -> Words:
    """EXPOSE, and VOLUME with its JSON form."""
    rest = _rest(line, head, offset, escape)
    strings = _json(line, rest) if head.name == "VOLUME" else None
    pieces = (
        [Piece(rest.offset, item) for item in strings]
        if strings is not None
        else fields(rest.text, rest.offset)
    )
    if not pieces or any(not piece.text for piece in pieces):
        raise line.problem(rest.offset, f"{head.name} requires at least one argument that is not empty")
    return Words(
        head.name, head.original, head.at, tuple(Word(piece.text, line.at(piece.offset)) for piece in pieces)
    )


def assign(line: Line, head: Instruction, offset: int, escape: str) -> Assign:
    """ENV and LABEL: `name=value ...`, or the old `name value` where the value is the rest of the line."""
    rest = _rest(line, head, offset, escape)
    pieces = quoted_words(rest.text, escape, rest.offset)
    if "=" not in pieces[0].text:
        return _old_form(line, head, rest)
    pairs = []
    for start, item in pieces:
        name, equals, value = item.partition("=")
        if not equals:
            raise line.problem(
                start, f"can't find = in {item!r}: must be of the form name=value", "quote values with spaces"
            )
        if not name:
            raise line.problem(start, f"{head.name} names can not be blank", "write name=value")
        pairs.append((Word(name, line.at(start)), Word(value, line.at(start + len(name) + 1))))
    return Assign(head.name, head.original, head.at, tuple(pairs))


def _old_form(line: Line, head: Instruction, rest: Piece) -> Assign:
    match = re.match(r"(\S+)\s+(\S.*)$", rest.text, re.DOTALL)
    if match is None:
        raise line.problem(rest.offset, f"{head.name} must have two arguments", "write name=value")
    name = Word(match[1], line.at(rest.offset))
    value = Word(match[2], line.at(rest.offset + match.start(2)))
    return Assign(head.name, head.original, head.at, ((name, value),))


def arg(line: Line, head: Instruction, offset: int, escape: str) -> Arg:
    rest = _rest(line, head, offset, escape)
    items: list[tuple[Word, Word | None]] = []
    for start, item in quoted_words(rest.text, escape, rest.offset):
        name, equals, value = item.partition("=")
        if not name:
            raise line.problem(start, "ARG names can not be blank", "write ARG name=default")
        default = Word(value, line.at(start + len(name) + 1)) if equals else None
        items.append((Word(name, line.at(start)), default))
    return Arg(head.name, head.original, head.at, tuple(items))


def start(line: Line, head: Instruction, offset: int, escape: str) -> Start:
    """CMD, ENTRYPOINT and SHELL. SHELL has the exec form only."""
    found = (
        flags.cut(line, offset, head.name, (), escape) if head.name == "SHELL" else flags.Flags(rest=offset)
    )
    rest = _strip(line, found.rest)
    strings = _json(line, rest)
    if head.name == "SHELL" and not strings:
        raise line.problem(
            rest.offset, "SHELL requires the arguments to be in JSON form", 'such as SHELL ["/bin/sh", "-c"]'
        )
    if strings is not None:
        return Start(head.name, head.original, head.at, Command(tuple(strings), shell=False))
    return Start(head.name, head.original, head.at, Command((rest.text,) if rest.text else (), shell=True))


def healthcheck(line: Line, head: Instruction, offset: int, escape: str) -> Healthcheck:
    found = flags.cut(line, offset, head.name, _HEALTH_FLAGS, escape)
    rest = _strip(line, found.rest)
    kind, _, command = rest.text.partition(" ")
    if not kind:
        raise line.problem(0, "HEALTHCHECK requires at least one argument", "write NONE or CMD command")
    if kind.upper() == "NONE":
        if command.strip() or found.values:
            raise line.problem(rest.offset, "HEALTHCHECK NONE takes no arguments")
        return Healthcheck(head.name, head.original, head.at, ("NONE",))
    if kind.upper() != "CMD":
        raise line.problem(
            rest.offset, f"unknown type {kind!r} in HEALTHCHECK (try CMD)", "write NONE or CMD command"
        )
    command = command.strip()
    strings = _json(line, Piece(rest.offset + 4, command))
    if not command or strings == []:
        raise line.problem(rest.offset, "missing command after HEALTHCHECK CMD")
    return Healthcheck(
        head.name,
        head.original,
        head.at,
        ("CMD", *strings) if strings is not None else ("CMD-SHELL", command),
        interval=_duration(found, "interval"),
        timeout=_duration(found, "timeout"),
        start_period=_duration(found, "start-period"),
        start_interval=_duration(found, "start-interval"),
        retries=_retries(found),
    )


def _duration(found: flags.Flags, name: str) -> int:
    word = found.one(name)
    if word is None:
        return 0
    try:
        value = parse_duration(word.text)
    except InvalidArgument as error:
        raise word.at.problem(error.message, error.hint) from error
    if 0 < value < _LEAST:
        raise word.at.problem(f"interval {name!r} cannot be less than 1ms")
    return value


def _retries(found: flags.Flags) -> int:
    word = found.one("retries")
    if word is None:
        return 0
    if not word.text.isdecimal():
        raise word.at.problem(f"--retries must be a whole number, not {word.text!r}")
    return int(word.text)


def _strip(line: Line, offset: int) -> Piece:
    rest = line.text[offset:]
    return Piece(offset + len(rest) - len(rest.lstrip()), rest.strip())


def _rest(line: Line, head: Instruction, offset: int, escape: str) -> Piece:
    """The arguments of an instruction that has no flags; at least one."""
    rest = _strip(line, flags.cut(line, offset, head.name, (), escape).rest)
    if not rest.text:
        raise line.problem(0, f"{head.name} requires at least one argument")
    return rest


def _json(line: Line, rest: Piece) -> list[str] | None:
    try:
        return json_array(rest.text)
    except NotStrings as error:
        raise line.problem(
            rest.offset, "when using JSON array syntax, arrays must be comprised of strings only"
        ) from error
