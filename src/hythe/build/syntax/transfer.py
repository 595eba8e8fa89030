"""COPY and ADD: flags, sources and destination, here-documents among the sources."""

from __future__ import annotations

from typing import Final

from hythe.build.syntax import flags
from hythe.build.syntax.nodes import Instruction, Transfer
from hythe.build.syntax.position import Word
from hythe.build.syntax.source import Line
from hythe.build.syntax.words import NotStrings, fields, json_array
from hythe.errors import Unsupported

_COMMON: Final = ("chown", "chmod", "link", "exclude")
_FLAGS: Final = {
    "COPY": (*_COMMON, "from", "parents"),
    "ADD": (*_COMMON, "checksum", "keep-git-dir", "unpack"),
}


def parse(line: Line, head: Instruction, offset: int, escape: str) -> Transfer:
    """The COPY or ADD whose flags begin at `offset`."""
    found = flags.cut(line, offset, head.name, _FLAGS[head.name], escape)
    if keep := found.one("keep-git-dir"):
        raise Unsupported(
            f"{keep.at}: ADD --keep-git-dir is not supported, nor are git sources",
            hint="clone the repository into the build context",
        )
    stage = found.one("from")
    if stage is not None and "$" in stage.text:
        raise stage.at.problem(
            f"{stage.text}: variables are not replaced in --from",
            "name a stage with FROM $VAR AS name before the first use, then --from=name",
        )
    if stage is not None and not stage.text:
        raise stage.at.problem("--from needs a stage, its number, or an image")
    words = _words(line, found.rest)
    if len(words) < 2:
        raise line.problem(
            0, f"{head.name} requires at least two arguments", f"write {head.name} SOURCE... DESTINATION"
        )
    announced = {heredoc.word: heredoc for heredoc in line.heredocs}
    *sources, destination = words
    if destination.text in announced:
        raise destination.at.problem(f"{head.name} cannot write to a here-document", "end with a path")
    return Transfer(
        head.name,
        head.original,
        head.at,
        sources=tuple(word for word in sources if word.text not in announced),
        destination=destination,
        inline=tuple(announced[word.text] for word in sources if word.text in announced),
        source_stage=stage,
        chown=found.one("chown"),
        chmod=found.one("chmod"),
        checksum=found.one("checksum"),
        exclude=found.many("exclude"),
        parents=bool(found.boolean("parents")),
        link=bool(found.boolean("link")),
        unpack=found.boolean("unpack"),
    )


def _words(line: Line, offset: int) -> list[Word]:
    text = line.text[offset:]
    try:
        strings = json_array(text)
    except NotStrings as error:
        raise line.problem(
            offset, "when using JSON array syntax, arrays must be comprised of strings only"
        ) from error
    if strings is not None:
        return [Word(string, line.at(offset)) for string in strings]
    return [Word(piece.text, line.at(piece.offset)) for piece in fields(text, offset)]
