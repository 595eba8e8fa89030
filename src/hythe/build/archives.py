"""ADD of a local archive: recognised by its contents, unpacked into the image.

A tar archive may be plain or compressed with gzip, bzip2, xz or zstd, whatever its name is (Dockerfile
reference, "ADD", "Adding local tar archives"). An empty or broken file is no archive: it is copied as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, Final

from hythe.build.content import open_entry
from hythe.build.context import Pick
from hythe.build.tree import ROOT, Owner, Tree
from hythe.store.archive import compression
from hythe.store.archive.entry import BadArchive, Entry
from hythe.store.archive.reader import Reader
from hythe.store.archive.unpack import unpack

_BLOCK: Final = 512


def is_archive(pick: Pick) -> bool:
    """Whether a picked thing is a tar archive, by its first header."""
    if pick.is_directory or len(pick.entries) != 1:
        return False
    with open(open_entry(pick.source.tree, pick.entries[0]), "rb") as file:
        try:
            block = compression.plain(file).read(_BLOCK)
        except BadArchive:
            return False
    return _is_header(block)


def _is_header(block: bytes) -> bool:
    """A tar header: the sum of its bytes is in it (POSIX ustar, chksum; that field counted as spaces)."""
    if len(block) != _BLOCK or not any(block):
        return False
    digits = block[148:156].strip(b" \0")
    try:
        wanted = int(digits, 8)
    except ValueError:
        return False
    return sum(block[:148]) + 8 * 0x20 + sum(block[156:]) == wanted


class _Owned(Reader):
    """An archive whose members all belong to one owner."""

    def __init__(self, stream: BinaryIO, owner: Owner) -> None:
        super().__init__(stream)
        self._owner = owner

    def __iter__(self) -> Iterator[Entry]:
        for entry in super().__iter__():
            entry.uid, entry.gid = self._owner
            yield entry


def extract(pick: Pick, image: Tree, destination: str, owner: Owner | None) -> None:
    """Unpack the archive into the image's directory `destination`; `owner` replaces the members' own.

    Raises BadArchive for one that is broken or would write elsewhere.
    """
    image.make_directory(destination, owner or ROOT)
    folder = image.directory(destination)
    try:
        with open(open_entry(pick.source.tree, pick.entries[0]), "rb") as file:
            stream = compression.plain(file)
            unpack(_Owned(stream, owner) if owner else Reader(stream), folder)
    finally:
        os.close(folder)
