"""A Dockerfile, parsed: logical lines become instructions, instructions become stages.

Everything that can be known without running anything is checked here, so that a mistake on the last line is
reported before the first step is run.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Final

from hythe.build.syntax import flags, metadata, run, transfer
from hythe.build.syntax.nodes import Arg, Dockerfile, From, Instruction, Onbuild, Stage
from hythe.build.syntax.position import Word
from hythe.build.syntax.source import Line, Source, read
from hythe.build.syntax.words import fields
from hythe.errors import Unsupported

_HEAD: Final = re.compile(r"\S+")
_STAGE_NAME: Final = re.compile(r"^[a-z][a-z0-9-_.]*$")
_FRONTENDS: Final = re.compile(r"^(docker\.io/)?docker/dockerfile(-upstream)?([:@].*)?$")

_Parser = Callable[[Line, Instruction, int, str], Instruction]
_PARSERS: Final[dict[str, _Parser]] = {
    "ADD": transfer.parse,
    "ARG": metadata.arg,
    "CMD": metadata.start,
    "COPY": transfer.parse,
    "ENTRYPOINT": metadata.start,
    "ENV": metadata.assign,
    "EXPOSE": metadata.words,
    "HEALTHCHECK": metadata.healthcheck,
    "LABEL": metadata.assign,
    "MAINTAINER": metadata.text,
    "RUN": run.parse,
    "SHELL": metadata.start,
    "STOPSIGNAL": metadata.text,
    "USER": metadata.text,
    "VOLUME": metadata.words,
    "WORKDIR": metadata.text,
}


def parse(text: str, file: str = "Dockerfile") -> Dockerfile:
    """The Dockerfile in `text`; `file` is its name in messages. Raises SyntaxProblem or Unsupported."""
    source = read(text, file)
    _frontend(source)
    instructions = [_instruction(line, source.escape) for line in source.lines]
    arguments: list[Arg] = []
    stages: list[tuple[From, list[Instruction]]] = []
    for instruction in instructions:
        if isinstance(instruction, From):
            stages.append((instruction, []))
        elif stages:
            stages[-1][1].append(instruction)
        elif isinstance(instruction, Arg):
            arguments.append(instruction)
        else:
            raise instruction.at.problem(
                f"no build stage in current context: {instruction.name} stands before the first FROM",
                "begin with FROM image; only ARG may stand before it",
            )
    if not stages:
        end = source.lines[-1].at(0) if source.lines else Line(file, "", [(0, 1, 1)]).at(0)
        what = "there is no FROM" if arguments else "the Dockerfile is empty"
        raise end.problem(what, "begin with FROM image")
    return Dockerfile(
        file,
        source.escape,
        tuple(arguments),
        tuple(Stage(index, base, tuple(steps)) for index, (base, steps) in enumerate(stages)),
        tuple(source.warnings),
    )


def parse_trigger(text: str, origin: str) -> Instruction:
    """An ONBUILD trigger of a base image; `origin` names the image in messages."""
    source = read(text, origin)
    if len(source.lines) != 1:
        raise Line(origin, "", [(0, 1, 1)]).at(0).problem(f"not one instruction: {text!r}")
    instruction = _instruction(source.lines[0], source.escape)
    if isinstance(instruction, From | Onbuild):
        raise instruction.at.problem(f"{instruction.name} isn't allowed as an ONBUILD trigger")
    return instruction


def _frontend(source: Source) -> None:
    """`# syntax=` is fine when it names the language that is spoken here."""
    name = source.directives.get("syntax", "docker/dockerfile")
    if not _FRONTENDS.match(name):
        raise Unsupported(
            f"{source.file}:1:1: the syntax directive asks for another frontend: {name}",
            hint="take the line away or write # syntax=docker/dockerfile:1",
        )


def _instruction(line: Line, escape: str) -> Instruction:
    match = _HEAD.search(line.text)
    assert match is not None, "a logical line is never empty"
    name = match[0].upper()
    head = Instruction(name, original=line.text.strip(), at=line.at(match.start()))
    if name == "FROM":
        return _from(line, head, match.end(), escape)
    if name == "ONBUILD":
        return _onbuild(line, head, match.end(), escape)
    parser = _PARSERS.get(name)
    if parser is None:
        near = difflib.get_close_matches(name, [*_PARSERS, "FROM", "ONBUILD"], 1, 0.5)
        raise head.at.problem(
            f"unknown instruction: {match[0]}",
            f"did you mean {near[0]}?" if near else "a line continues only after \\ at its end",
        )
    return parser(line, head, match.end(), escape)


def _from(line: Line, head: Instruction, offset: int, escape: str) -> From:
    found = flags.cut(line, offset, "FROM", ("platform",), escape)
    words = fields(line.text[found.rest :], found.rest)
    alias = ""
    if len(words) == 3 and words[1].text.upper() == "AS":
        alias = words[2].text.lower()
        if not _STAGE_NAME.match(alias):
            raise line.problem(
                words[2].offset,
                f"invalid name for build stage: {words[2].text!r}",
                "it begins with a letter and goes on with letters, digits, -, _ and .",
            )
    elif len(words) != 1:
        offset = words[1].offset if len(words) > 1 else 0
        raise line.problem(
            offset, "FROM requires either one or three arguments", "write FROM image [AS name]"
        )
    image = Word(words[0].text, line.at(words[0].offset))
    return From(head.name, head.original, head.at, image, found.one("platform"), alias)


def _onbuild(line: Line, head: Instruction, offset: int, escape: str) -> Onbuild:
    rest = line.text[offset:]
    match = _HEAD.search(rest)
    if match is None:
        raise line.problem(0, "ONBUILD requires at least one argument", "write the instruction to run later")
    name, begin = match[0].upper(), offset + match.start()
    if name == "ONBUILD":
        raise line.problem(begin, "chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if name in ("FROM", "MAINTAINER"):
        raise line.problem(begin, f"{name} isn't allowed as an ONBUILD trigger")
    inner = Line(line.file, heredocs=line.heredocs)
    at = line.at(begin)
    inner.add(line.text[begin:], at.line, at.column)
    parsed = _instruction(inner, escape)
    trigger = parsed.original
    for heredoc in line.heredocs:
        trigger += f"\n{heredoc.raw}{heredoc.name}"
    return Onbuild(head.name, head.original, head.at, trigger)
