"""A log and its rotated predecessors (PATH.1 is the youngest) read as one, while the warden writes and rotates.

Files are told apart by their inode. They are opened from the youngest to the oldest: rotation moves a file on in that
direction, so one may be met twice but none is missed. What has been read, or is older than where the reading began, is
not read again; a file that has been read is held open until it is deleted, so that no other takes its number. Before
the reader goes on to a younger file it reads the rest of the one before, which the warden has left for good by then.

Whether a file has frames (`wire.logframes`), JSON lines (`wire.jsonlog`) or Kubernetes' (`wire.crilog`) is told by its
first byte. Blocking.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hythe.wire import crilog, jsonlog
from hythe.wire.logframes import HEADER, OVERHEAD, TRAILER, Frame, decode

_PIECE = 1 << 20


def size(path: Path) -> int:
    """Bytes of the log at `path`, its predecessors included; 0 where there is none."""
    found = 0
    for each in path.parent.glob(f"{path.name}*"):
        with suppress(FileNotFoundError):  # rotated away meanwhile
            found += each.stat().st_size
    return found


class LogFiles:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._read: dict[int, int] = {}
        """Inode to descriptor of the files that were read, the present one among them."""
        self._buffer = b""
        self._format: _Format | None = None
        """None until the present file has a first byte."""

    def close(self) -> None:
        for fd in self._read.values():
            os.close(fd)
        self._read.clear()
        self._fd = -1

    def _generations(self) -> Iterator[tuple[int, int]]:
        """(inode, descriptor) of each file there is, the youngest first; the descriptors are the caller's."""
        names = [path.name.rpartition(".")[2] for path in self._path.parent.glob(f"{self._path.name}.*")]
        numbers = sorted(int(name) for name in names if name.isdigit())
        met = set()
        for suffix in ("", *(f".{number}" for number in numbers), *(f".{n + 1}" for n in numbers[-1:])):
            try:
                fd = os.open(f"{self._path}{suffix}", os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            inode = os.fstat(fd).st_ino
            if inode in met:
                os.close(fd)
                continue
            met.add(inode)
            yield inode, fd

    def _begin(self, inode: int, fd: int, position: int = 0) -> None:
        os.lseek(fd, position, os.SEEK_SET)
        self._read[inode] = self._fd = fd
        self._buffer, self._format = b"", None
        for old, descriptor in list(self._read.items()):
            if descriptor != fd and os.fstat(descriptor).st_nlink == 0:
                os.close(self._read.pop(old))

    def _next(self) -> tuple[int, int] | None:
        """The oldest file that has not been read; None at the end of the youngest."""
        found: tuple[int, int] | None = None
        for inode, fd in self._generations():
            if inode in self._read:
                os.close(fd)
                break
            if found is not None:
                os.close(found[1])
            found = (inode, fd)
        return found

    def rewind(self, lines: int, streams: set[int]) -> None:
        """Stand before the frame in which the last `lines` lines begin; at the very beginning if there are fewer."""
        wanted = lines + 1
        for inode, fd in self._generations():
            data = _whole(fd)
            position, wanted = _format_of(data).walk_back(data, wanted, streams)
            if wanted <= 0:
                self._begin(inode, fd, position)
                return
            os.close(fd)

    def batch(self) -> list[Frame]:
        """The next frames, about a megabyte; empty when there is no more for now."""
        while True:
            chunk = self._more()
            if not chunk:
                following = self._next()
                if following is None:
                    return []
                chunk = self._more()  # what was written after the last look, before the file was left
                if not chunk:
                    self._begin(*following)
                    continue
                os.close(following[1])
            data = self._buffer + chunk
            if self._format is None:
                self._format = _format_of(data)
            frames, used = self._format.decode(data)
            self._buffer = data[used:]
            if frames:
                return frames

    def _more(self) -> bytes:
        return os.read(self._fd, _PIECE) if self._fd >= 0 else b""


def _whole(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


def _walk_back_cri(data: bytes, wanted: int, streams: set[int]) -> tuple[int, int]:
    """As `_walk_back`, over lines."""
    position = len(data)
    while position > 0 and wanted > 0:
        start = data.rfind(b"\n", 0, position - 1) + 1
        frames, _ = crilog.decode(data[start:position])
        position = start
        wanted -= any(stream in streams and text.endswith(b"\n") for _, stream, text in frames)
    return position, wanted


def _walk_back_json(data: bytes, wanted: int, streams: set[int]) -> tuple[int, int]:
    """As `_walk_back`, over whole records."""
    position = len(data)
    for start, stream, ends_line in jsonlog.lines_backwards(data):
        position = start
        wanted -= ends_line and stream in streams
        if wanted <= 0:
            break
    return position, wanted


def _parse(data: bytes) -> tuple[list[Frame], int]:
    """(whole frames, bytes they took)."""
    frames, position = [], 0
    while (found := decode(data, position)) is not None:
        frame, position = found
        frames.append(frame)
    return frames, position


def _walk_back(data: bytes, wanted: int, streams: set[int]) -> tuple[int, int]:
    """(where to begin, line ends still missing), going back over whole frames; a torn tail means the beginning."""
    position = len(data)
    while position >= OVERHEAD and wanted > 0:
        (total,) = TRAILER.unpack_from(data, position - TRAILER.size)
        if not OVERHEAD <= total <= position:
            return 0, wanted
        position -= total
        _, stream, length = HEADER.unpack_from(data, position)
        if stream in streams:
            start = position + HEADER.size
            wanted -= data.count(b"\n", start, start + length)
    return position, wanted


class _Format(NamedTuple):
    """`decode` gives whole frames and the bytes they took; `walk_back` is as `_walk_back`."""

    decode: Callable[[bytes], tuple[list[Frame], int]]
    walk_back: Callable[[bytes, int, set[int]], tuple[int, int]]


_FRAMES = _Format(_parse, _walk_back)
_JSON = _Format(jsonlog.decode, _walk_back_json)
_CRI = _Format(crilog.decode, _walk_back_cri)


def _format_of(data: bytes) -> _Format:
    """A frame begins with a time, whose first byte is a "2" in the year 2084 and a brace in 2249."""
    if data.startswith(b"{"):
        return _JSON
    return _CRI if data.startswith(b"2") else _FRAMES
