"""The instructions of a Dockerfile as values, as written: nothing is substituted yet.

`name` is in capitals; `original` is the logical line as docker shows it ("Step 2/5 : RUN make"); `at` is
where it begins. Words that take variables are `Word`s; what is fixed by the grammar (a stage's name, a time)
is plain.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hythe.build.syntax.heredoc import Heredoc
from hythe.build.syntax.position import Position, Word


@dataclass(frozen=True)
class Instruction:
    name: str
    original: str
    at: Position


@dataclass(frozen=True)
class Command:
    """What is to be run: the exec form's strings, or the shell form's one line (`shell` true)."""

    words: tuple[str, ...]
    shell: bool


@dataclass(frozen=True)
class From(Instruction):
    image: Word
    platform: Word | None = None
    alias: str = ""


@dataclass(frozen=True)
class Arg(Instruction):
    """Names with their defaults, None where there is none."""

    items: tuple[tuple[Word, Word | None], ...]


@dataclass(frozen=True)
class Assign(Instruction):
    """ENV and LABEL."""

    pairs: tuple[tuple[Word, Word], ...]


@dataclass(frozen=True)
class Text(Instruction):
    """WORKDIR, USER, STOPSIGNAL and MAINTAINER: the rest of the line is one value."""

    value: Word


@dataclass(frozen=True)
class Words(Instruction):
    """EXPOSE and VOLUME."""

    values: tuple[Word, ...]


@dataclass(frozen=True)
class Start(Instruction):
    """CMD, ENTRYPOINT and SHELL."""

    command: Command


@dataclass(frozen=True)
class RunMount:
    """One --mount of RUN. `fields` are its key=value pairs but type; keys as in the reference, no aliases."""

    type: str
    fields: dict[str, Word]
    at: Position


@dataclass(frozen=True)
class Run(Instruction):
    command: Command
    heredocs: tuple[Heredoc, ...] = ()
    mounts: tuple[RunMount, ...] = ()
    network: str = "default"


@dataclass(frozen=True)
class Transfer(Instruction):
    """COPY and ADD. `inline` are here-documents among the sources, each a file of that name."""

    sources: tuple[Word, ...]
    destination: Word
    inline: tuple[Heredoc, ...] = ()
    source_stage: Word | None = None
    chown: Word | None = None
    chmod: Word | None = None
    checksum: Word | None = None
    exclude: tuple[Word, ...] = ()
    parents: bool = False
    link: bool = False
    unpack: bool | None = None


@dataclass(frozen=True)
class Healthcheck(Instruction):
    """`test` as in the image configuration: ("NONE",), ("CMD", ...), ("CMD-SHELL", line). Nanoseconds."""

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


@dataclass(frozen=True)
class Onbuild(Instruction):
    """`trigger` is the instruction's text as it is kept in the image; it has been parsed once to be sure."""

    trigger: str


@dataclass(frozen=True)
class Stage:
    """FROM and what follows it, up to the next FROM. `index` counts from 0."""

    index: int
    base: From
    steps: tuple[Instruction, ...]


@dataclass(frozen=True)
class Dockerfile:
    """A whole file: the ARGs before the first FROM, then the stages."""

    file: str
    escape: str
    arguments: tuple[Arg, ...]
    stages: tuple[Stage, ...]
    warnings: tuple[str, ...] = field(default=())
