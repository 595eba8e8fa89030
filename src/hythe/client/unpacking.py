"""A tar from a container written below a folder of this machine, where nothing of it can land outside.

What an image's author chose does not follow: no setuid bits, nothing that others may write, no extended
attributes (file capabilities are one), no device files. Python's own tar filters do much of that, but not in 3.11.2,
which Debian 12 has.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import BinaryIO, Final, cast

from hythe.store.archive.entry import Entry, Kind
from hythe.store.archive.reader import Reader
from hythe.store.archive.unpack import Unpacker

_MODE: Final = 0o755


def unpack(pieces: Iterator[bytes], folder: str, name: str, *, owners: bool = False) -> None:
    """Write the archive into the directory `folder`, what its first entry is called there being `name` ("." for
    the folder itself). `owners`: the container's, which only root can give. Raises BadArchive, NoSpace,
    SystemProblem.
    """
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        unpacker = Unpacker(root, owners=owners and os.geteuid() == 0, devices=False)
        unpacker.run(_Renamed(reader(pieces), name))
    finally:
        os.close(root)


def reader(pieces: Iterator[bytes]) -> BinaryIO:
    """A file to be read once, out of pieces."""
    return cast(BinaryIO, io.BufferedReader(_Pieces(pieces)))


class _Renamed(Reader):
    """The first entry's name, at the beginning of every name, replaced by `name`."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        super().__init__(stream)
        self._name = name

    def __iter__(self) -> Iterator[Entry]:
        first = ""
        for entry in super().__iter__():
            first = first or entry.path.rstrip("/")
            entry.path = self._moved(entry.path.rstrip("/"), first)
            if entry.kind is Kind.HARD_LINK:
                entry.link = self._moved(entry.link, first)
            entry.mode &= _MODE
            entry.xattrs = {}
            yield entry

    def _moved(self, path: str, first: str) -> str:
        if path == first:
            return self._name
        return f"{self._name}/{path[len(first) :].lstrip('/')}" if path.startswith(f"{first}/") else path


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
