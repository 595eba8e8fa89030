"""GET /containerLogs: the file that the runtime writes, sent as it is, and with `follow` as it grows.

New lines are told of by inotify, the container's end by its worker, so nothing is polled. A rotated file is left for
its successor once it has been read to its end.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from hythe.errors import InvalidArgument
from hythe.kernel.inotify import IN_CREATE, IN_MODIFY, IN_MOVED_TO, Inotify
from hythe.kube.kubelet.api.exchange import Exchange, Refused, Request
from hythe.kube.kubelet.api.finding import Finder, Place, with_log
from hythe.kube.kubelet.api.logfile import LogReader, Options
from hythe.kube.kubelet.cri.observed import ContainerRecord, State
from hythe.wire.times import format_moment, parse_time


def options_of(request: Request, now: int) -> Options:
    """`now` in nanoseconds. Raises Refused for a number or a time that is none."""
    since = ""
    try:
        tail = int(request.one("tailLines")) if request.one("tailLines") else None
        limit = int(request.one("limitBytes")) if request.one("limitBytes") else None
        if request.one("sinceSeconds"):
            since = format_moment(now - int(request.one("sinceSeconds")) * 10**9)
        elif request.one("sinceTime"):
            since = format_moment(parse_time(request.one("sinceTime"), now))
    except (ValueError, InvalidArgument) as error:
        raise Refused(400, f"unable to decode query: {error}") from error
    stream = {"stdout": "stdout", "stderr": "stderr"}.get(request.one("stream").lower(), "")
    return Options(tail, since, request.truth("timestamps"), limit, stream)


class Logs:
    """The handler."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    async def __call__(self, exchange: Exchange, path: list[str]) -> None:
        place = self._finder.find(path)
        request = exchange.request
        options = options_of(request, time.time_ns())
        record = with_log(place, previous=request.truth("previous"))
        file = _open(record)
        if file is None:
            raise Refused(500, f'failed to try resolving symlinks in path "{record.log_path}": no such file')
        with file:
            await exchange.begin()
            reader = LogReader(file, options)
            pieces = _followed(place, record, file, reader) if request.truth("follow") else _all(reader)
            async for piece in _until_gone(exchange, pieces):
                await exchange.send(piece)
            await exchange.end()


def _open(record: ContainerRecord) -> BinaryIO | None:
    try:
        return open(record.log_path, "rb")
    except OSError:
        return None


async def _all(reader: LogReader) -> AsyncIterator[bytes]:
    while piece := reader.read():
        yield piece


async def _until_gone(exchange: Exchange, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, until they end or the client leaves."""
    gone = asyncio.ensure_future(exchange.reader.read(1))
    try:
        while True:
            coming = asyncio.ensure_future(_next(pieces))
            await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
                return
            piece = coming.result()
            if piece is None:
                return
            yield piece
    finally:
        if gone.done():
            exchange.keep = False
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


async def _followed(
    place: Place, record: ContainerRecord, file: BinaryIO, reader: LogReader
) -> AsyncIterator[bytes]:
    """Until the container has ended and all it said is read."""
    loop = asyncio.get_running_loop()
    news = asyncio.Event()
    place.worker.watchers.add(news)
    with Inotify() as watch:
        watch.add(str(Path(record.log_path).parent), IN_MODIFY | IN_CREATE | IN_MOVED_TO)

        def tell() -> None:
            watch.read()
            news.set()

        loop.add_reader(watch.fileno(), tell)
        try:
            while not reader.done:
                news.clear()
                ended = _ended(place, record)
                said = False
                while piece := reader.read():
                    said = True
                    yield piece
                if (fresh := _successor(record, file)) is not None:
                    file.close()
                    file = fresh
                    reader.follow(fresh)
                elif ended and not said:
                    return
                elif not said:
                    await news.wait()
        finally:
            loop.remove_reader(watch.fileno())
            place.worker.watchers.discard(news)
            file.close()


def _ended(place: Place, record: ContainerRecord) -> bool:
    now = next((one for one in place.worker.seen.containers if one.id == record.id), None)
    return now is None or now.state is State.EXITED


def _successor(record: ContainerRecord, file: BinaryIO) -> BinaryIO | None:
    """The file that has taken the place of `file`, if one has."""
    try:
        there = os.stat(record.log_path)
    except OSError:
        return None
    current = os.fstat(file.fileno())
    return None if (there.st_dev, there.st_ino) == (current.st_dev, current.st_ino) else _open(record)
