"""Reading a container's log: lines out of the frames that the warden wrote, over rotation, forwards and followed.

A frame is a piece of output as it came from the pipe, so a line may span frames and a frame may hold many lines;
a line has the time of the frame in which it began. `tail` walks the frames backwards by their trailing lengths
until enough line ends were seen, then reads forwards. Following waits on inotify, never on a clock; it ends when
the container has ended and all is read.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from hythe.engine.model import LogLine, LogQuery
from hythe.kernel import inotify
from hythe.wire.logframes import HEADER, OVERHEAD, TRAILER, Frame, decode


class LineJoiner:
    """Frames in, lines out; one unfinished line for each stream."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[int, bytearray]] = {}

    def feed(self, time: int, stream: int, data: bytes) -> Iterator[LogLine]:
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            began, head = self._open.pop(stream, (time, bytearray()))
            yield LogLine(began, stream, bytes(head) + data[start : end + 1])
            start = end + 1
        if start < len(data):
            self._open.setdefault(stream, (time, bytearray()))[1].extend(data[start:])

    def rest(self) -> Iterator[LogLine]:
        for stream, (time, data) in self._open.items():
            yield LogLine(time, stream, bytes(data))
        self._open.clear()


class LogFiles:
    """The log and its rotated predecessors (PATH.1 is the youngest) read as one. Blocking."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._buffer = b""

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _generations(self) -> list[Path]:
        """All that exist, oldest first."""
        rotated = [p for p in self._path.parent.glob(self._path.name + ".*") if p.suffix[1:].isdigit()]
        rotated.sort(key=lambda p: int(p.suffix[1:]), reverse=True)
        return [p for p in [*rotated, self._path] if p.exists()]

    def _open(self, path: Path, position: int = 0) -> bool:
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return False
        self.close()
        file.seek(position)
        self._file, self._buffer = file, b""
        return True

    def _next_generation(self) -> bool:
        """Go on to the file after the one that is read; False at the end of the newest."""
        generations = self._generations()
        if self._file is None:
            return bool(generations) and self._open(generations[0])
        inode = os.fstat(self._file.fileno()).st_ino
        for index, path in enumerate(generations):
            if path.stat().st_ino == inode:
                later = generations[index + 1 :]
                return bool(later) and self._open(later[0])
        return bool(generations) and self._open(generations[0])

    def rewind(self, lines: int, streams: set[int]) -> None:
        """Stand before the frame in which the last `lines` lines begin; at the very beginning if there are fewer."""
        wanted = lines + 1
        for path in reversed(self._generations()):
            with path.open("rb") as file:
                data = file.read()
            position, wanted = _walk_back(data, wanted, streams)
            if wanted <= 0:
                self._open(path, position)
                return

    def batch(self) -> list[Frame]:
        """The next frames, about a megabyte; empty when there is no more for now."""
        while True:
            chunk = self._file.read(1 << 20) if self._file is not None else b""
            if not chunk:
                if not self._next_generation():
                    return []
                continue
            frames, used = _parse(self._buffer + chunk)
            self._buffer = (self._buffer + chunk)[used:]
            if frames:
                return frames


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


async def read(path: Path, query: LogQuery, ended: asyncio.Event) -> AsyncIterator[LogLine]:
    """The lines that `query` asks for, oldest first; following goes on until `ended` is set and all is read."""
    files = LogFiles(path)
    streams = {number for number, on in ((1, query.stdout), (2, query.stderr)) if on}
    joiner = LineJoiner() if query.split or query.tail is not None else None
    try:
        async with _Changes(path.parent, ended) if query.follow else nullcontext() as changes:
            if query.tail is not None:
                await asyncio.to_thread(files.rewind, query.tail, streams)
                recent: deque[LogLine] = deque(maxlen=query.tail)
                while frames := await asyncio.to_thread(files.batch):
                    recent.extend(_lines(frames, joiner, streams, query))
                if not query.follow and joiner is not None:
                    recent.extend(_within(joiner.rest(), query))
                for line in recent:
                    yield line
            while True:
                last = changes is None or ended.is_set()
                while frames := await asyncio.to_thread(files.batch):
                    for line in _lines(frames, joiner, streams, query):
                        yield line
                if changes is None or last:
                    break
                await changes.wait()
            if joiner is not None:
                for line in _within(joiner.rest(), query):
                    yield line
    finally:
        files.close()


def _lines(
    frames: list[Frame], joiner: LineJoiner | None, streams: set[int], query: LogQuery
) -> Iterator[LogLine]:
    for time, stream, data in frames:
        if stream not in streams:
            continue
        made = [LogLine(time, stream, data)] if joiner is None else joiner.feed(time, stream, data)
        yield from _within(made, query)


def _within(lines: Iterable[LogLine], query: LogQuery) -> Iterator[LogLine]:
    return (x for x in lines if x.time >= query.since and (not query.until or x.time <= query.until))


class _Changes:
    """Waits until something in a log's folder changes, or its container has ended."""

    def __init__(self, folder: Path, ended: asyncio.Event) -> None:
        self._folder, self._ended = folder, ended

    async def __aenter__(self) -> _Changes:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._inotify = inotify.Inotify()
        self._inotify.add(str(self._folder), inotify.IN_MODIFY | inotify.IN_CREATE | inotify.IN_MOVED_TO)
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._readable)
        self._end = asyncio.ensure_future(self._ended.wait())
        self._end.add_done_callback(lambda _: self._changed.set())
        return self

    def _readable(self) -> None:
        self._inotify.read()
        self._changed.set()

    async def wait(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    async def __aexit__(self, *_: object) -> None:
        self._end.cancel()
        asyncio.get_running_loop().remove_reader(self._inotify.fileno())
        self._inotify.close()
