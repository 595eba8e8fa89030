"""Tars on their way between a container and this machine: made, renamed and read without being collected."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import IO


def tar_of(path: str, name: str, *, owners: bool) -> IO[bytes]:
    """The reading end of a pipe into which a tar of `path` is written, its first entry called `name`.

    Without `owners` everything belongs to root, as docker's cp has it.
    """
    reading, writing = os.pipe()

    def write() -> None:
        # A reader that has gone has its own error to tell.
        with ExitStack() as stack:
            stack.enter_context(suppress(BrokenPipeError))
            file = stack.enter_context(open(writing, "wb"))
            archive = stack.enter_context(tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT))
            archive.add(path, arcname=name, filter=None if owners else _of_root)

    threading.Thread(target=write, daemon=True).start()
    return open(reading, "rb")


def renamed(archive: tarfile.TarFile, name: str) -> Iterator[tarfile.TarInfo]:
    """The members, with the first one's name, at the beginning of every name, replaced by `name`."""
    first = ""
    for member in archive:
        first = first or member.name
        member.name = _replace(member.name, first, name)
        if member.islnk():
            member.linkname = _replace(member.linkname, first, name)
        yield member


def reader(pieces: Iterator[bytes]) -> IO[bytes]:
    """A file to be read once, out of pieces."""
    return io.BufferedReader(_Pieces(pieces))


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = next(self._pieces, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _replace(path: str, first: str, name: str) -> str:
    if path == first:
        return name
    return f"{name}/{path.removeprefix(first).lstrip('/')}" if path.startswith(f"{first}/") else path


def _of_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info
