"""The log reader: joining lines, walking back, rotation, following."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hythe.engine.logs import read
from hythe.engine.model import LogLine, LogQuery
from hythe.wire.logframes import HEADER, TRAILER


def frame(time: int, stream: int, data: bytes) -> bytes:
    return HEADER.pack(time, stream, len(data)) + data + TRAILER.pack(HEADER.size + len(data) + TRAILER.size)


async def lines(path: Path, query: LogQuery, ended: bool = True) -> list[LogLine]:
    event = asyncio.Event()
    if ended:
        event.set()
    return [line async for line in read(path, query, event)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "container.log"
    (tmp_path / "container.log.2").write_bytes(frame(1, 1, b"one\ntwo\n"))
    (tmp_path / "container.log.1").write_bytes(frame(2, 2, b"error\n") + frame(3, 1, b"thr"))
    path.write_bytes(frame(4, 1, b"ee\nfour\n") + frame(5, 1, b"unfinished"))
    return path


async def test_lines_are_joined_over_frames_and_files(log: Path) -> None:
    found = await lines(log, LogQuery())
    assert [line.data for line in found] == [
        b"one\n",
        b"two\n",
        b"error\n",
        b"three\n",
        b"four\n",
        b"unfinished",
    ]
    assert [line.time for line in found] == [1, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("tail", range(8))
async def test_tail_is_the_end_of_the_whole(log: Path, tail: int) -> None:
    whole = [line.data for line in await lines(log, LogQuery())]
    found = [line.data for line in await lines(log, LogQuery(tail=tail))]
    assert found == (whole[-tail:] if tail else [])


async def test_streams_and_times_are_filtered(log: Path) -> None:
    assert [line.data for line in await lines(log, LogQuery(stdout=False))] == [b"error\n"]
    assert [line.data for line in await lines(log, LogQuery(since=3, until=4))] == [b"three\n", b"four\n"]


async def test_unsplit_output_comes_as_it_was_written(log: Path) -> None:
    found = b"".join(line.data for line in await lines(log, LogQuery(split=False, stderr=False)))
    assert found == b"one\ntwo\nthree\nfour\nunfinished"


async def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert await lines(tmp_path / "none" / "container.log", LogQuery()) == []


async def test_following_goes_over_a_rotation_and_ends_with_the_container(tmp_path: Path) -> None:
    path, ended, seen = tmp_path / "container.log", asyncio.Event(), []
    path.write_bytes(frame(1, 1, b"a\n"))

    async def follow() -> None:
        async for line in read(path, LogQuery(follow=True), ended):
            seen.append(line.data)
            if line.data == b"a\n":
                with path.open("ab") as file:
                    file.write(frame(2, 1, b"b\n"))
            elif line.data == b"b\n":
                path.rename(tmp_path / "container.log.1")
                path.write_bytes(frame(3, 1, b"c\n"))
            else:
                ended.set()

    await asyncio.wait_for(follow(), 5)
    assert seen == [b"a\n", b"b\n", b"c\n"]
