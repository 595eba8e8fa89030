"""ADD of a local archive: recognised by its contents, unpacked into the image.

A tar archive may be plain or compressed with gzip, bzip2, xz or zstd, whatever its name is (Dockerfile
reference, "ADD", "Adding local tar archives"). An empty or broken file is no archive: it is copied as it is.
"""

from __future__ import annotations

from typing import Final

from hythe.build.content import open_entry
from hythe.build.context import Pick
from hythe.store.archive import compression
from hythe.store.archive.entry import BadArchive

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
