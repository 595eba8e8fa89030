"""The transport against servers that misbehave: overloaded, silent, dying, or not speaking HTTP at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hythe.errors import Unavailable
from hythe.kube.client.client import Client
from hythe.kube.client.connection import Endpoint
from hythe.kube.client.resources import PODS
from hythe.kube.client.transport import Transport
from hythe.kube.objects.status import ApiError
from tests.waiting import PATIENCE

Answer = Callable[[int, bytes], bytes | None]
"""(which request, its head) -> bytes to send; None: hang up."""


@asynccontextmanager
async def serving(folder: Path, answer: Answer) -> AsyncIterator[tuple[Transport, list[int]]]:
    """A client of a server that answers so; the list holds the connection of each request."""
    asked: list[int] = []
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        mine = connections
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                asked.append(mine)
                reply = answer(len(asked), head)
                if reply is None:
                    return
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    path = folder / "server.sock"
    server = await asyncio.start_unix_server(talk, path)
    transport = Transport(Endpoint(str(path)), timeout=2 * PATIENCE)
    try:
        yield transport, asked
    finally:
        transport.close()
        server.close()


def ok(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_connections_are_kept_and_used_again(tmp_path: Path) -> None:
    async with serving(tmp_path, lambda _number, _head: ok(b'{"kind":"Pod"}')) as (transport, asked):
        for _ in range(5):
            assert (await Client(transport).get(PODS, "x", "y"))["kind"] == "Pod"
        assert asked == [1] * 5


async def test_a_server_that_asks_to_wait_is_asked_again(tmp_path: Path) -> None:
    def answer(number: int, _head: bytes) -> bytes:
        return ok() if number > 2 else ok(b"", "429 Too Many Requests", "Retry-After: 0")

    async with serving(tmp_path, answer) as (transport, asked):
        assert await Client(transport).get(PODS, "x", "y") == {}
        assert len(asked) == 3


async def test_one_that_is_always_overloaded_becomes_an_error(tmp_path: Path) -> None:
    status = b'{"kind":"Status","status":"Failure","message":"busy","reason":"TooManyRequests","code":429}'

    def answer(_number: int, _head: bytes) -> bytes:
        return ok(status, "429 Too Many Requests", "Retry-After: 0")

    async with serving(tmp_path, answer) as (transport, asked):
        with pytest.raises(ApiError) as busy:
            await Client(transport).get(PODS, "x", "y")
        assert (busy.value.reason, len(asked)) == ("TooManyRequests", 10)


async def test_a_reading_request_survives_a_kept_connection_that_dies_a_writing_one_does_not(
    tmp_path: Path,
) -> None:
    def answer(number: int, _head: bytes) -> bytes | None:
        return None if number in (2, 5) else ok()

    async with serving(tmp_path, answer) as (transport, asked):
        api = Client(transport)
        await api.get(PODS, "x", "y")
        await api.get(PODS, "x", "y")
        assert asked == [1, 1, 2]
        await api.get(PODS, "x", "y")
        with pytest.raises(Unavailable):
            await api.delete(PODS, "x", "y")
        assert len(asked) == 5


async def test_a_connection_that_was_closed_while_idle_is_not_used(tmp_path: Path) -> None:
    async with serving(tmp_path, lambda _number, _head: ok(b"{}", "200 OK", "Connection: close")) as (
        transport,
        asked,
    ):
        api = Client(transport)
        await api.get(PODS, "x", "y")
        await api.delete(PODS, "x", "y")
        assert asked == [1, 2]


async def test_a_silent_server_is_given_up(tmp_path: Path) -> None:
    async with serving(tmp_path, lambda _number, _head: b"") as (transport, _):
        with pytest.raises(Unavailable, match="does not answer"):
            await Client(transport).get(PODS, "x", "y")


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        ok(b"<html>"),
        ok(b"[1]"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
    ],
)
async def test_what_is_no_answer_is_unavailable(tmp_path: Path, reply: bytes) -> None:
    sent = iter([reply])
    async with serving(tmp_path, lambda _number, _head: next(sent, None)) as (transport, _):
        with pytest.raises(Unavailable):
            await Client(transport).get(PODS, "x", "y")


async def test_an_error_without_a_status_object_is_told_by_its_text(tmp_path: Path) -> None:
    async with serving(tmp_path, lambda _number, _head: ok(b"bad gateway", "502 Bad Gateway")) as (
        transport,
        _,
    ):
        with pytest.raises(ApiError) as error:
            await Client(transport).get(PODS, "x", "y")
        assert (error.value.code, error.value.message) == (502, "bad gateway")


async def test_a_watch_that_is_cut_within_an_event_is_unavailable(tmp_path: Path) -> None:
    event = b'{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n'
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = iter([head + b"%x\r\n%b\r\n" % (len(event), event) + b"20\r\n{"])

    def answer(_number: int, _head: bytes) -> bytes | None:
        return next(sent, None)

    async with serving(tmp_path, answer) as (transport, _):
        names = []

        async def listen() -> None:
            async for each in Client(transport).watch(PODS, "y"):
                names.append(each.object["metadata"]["name"])

        task = asyncio.create_task(listen())
        while not names:
            await asyncio.sleep(0.01)
        assert names == ["a"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_cancelled_request_leaves_no_answer_for_the_next(tmp_path: Path) -> None:
    def answer(number: int, _head: bytes) -> bytes:
        return b"" if number == 1 else ok(b'{"n":%d}' % number)

    async with serving(tmp_path, answer) as (transport, asked):
        api = Client(transport)
        task = asyncio.create_task(api.get(PODS, "x", "y"))
        while not asked:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await api.get(PODS, "x", "y") == {"n": 2}
        assert asked == [1, 2]
