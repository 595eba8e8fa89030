"""One member of an archive, and what can be wrong with an archive."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from hythe.errors import InvalidArgument

WHITEOUT: Final = ".wh."
OPAQUE: Final = ".wh..wh..opq"


class BadArchive(InvalidArgument):
    """The archive is damaged, hostile or beyond the limits; nothing of it can be used."""


class Kind(Enum):
    FILE = b"0"
    HARD_LINK = b"1"
    SYMLINK = b"2"
    CHARACTER = b"3"
    BLOCK = b"4"
    DIRECTORY = b"5"
    FIFO = b"6"


@dataclass(slots=True)
class Entry:
    """`path` as written, bytes of unknown encoding as surrogates; `mtime` in ns since the epoch.

    `link` is where a symbolic link points, or the path of a hard link's other name. `size` counts the bytes of
    content that follow and is 0 for all but files.
    """

    path: str
    kind: Kind = Kind.FILE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    link: str = ""
    major: int = 0
    minor: int = 0
    xattrs: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """How much one archive may hold: members, bytes of content in all, bytes of one extended header."""

    entries: int = 4_000_000
    content: int = 512 << 30
    header: int = 4 << 20
    path: int = 4096


DEFAULT_LIMITS: Final = Limits()
