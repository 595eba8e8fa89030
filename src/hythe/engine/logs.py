"""Reading a container's log: lines out of what the warden wrote, over rotation, forwards and followed.

A frame is a piece of output as it came from the pipe, so a line may span frames and a frame may hold many lines;
a line has the time of the frame in which it began. Following waits on inotify, never on a clock; it ends when the
container has ended and all is read. Kept out: files and their formats (`logfiles`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

from hythe.engine.logfiles import LogFiles
from hythe.engine.model import LogLine, LogQuery
from hythe.kernel import inotify
from hythe.wire.logframes import Frame


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
