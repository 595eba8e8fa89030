"""Asking the host's name servers, so that a dead one costs a fifth of a second once and nothing after.

The servers are tried in order, those that failed lately last. Each has a head start of HEAD_START before the
next is asked as well; a refused or failed one hands over at once; the first good answer wins and the rest are
abandoned. While every server has just failed, a question is given up early, so that a host without network
answers quickly instead of making each program wait. An answer that does not fit UDP is fetched over TCP.
Each question goes out from a port and with an id of its own.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from hythe.wire.dns import NOERROR, NXDOMAIN, Malformed, Query, Reply, random_id, read_reply, with_id

HEAD_START = 0.2
TOTAL = 4.0
TOTAL_WHEN_DEAD = 0.3
_REMEMBERED = 30.0
_RECENT = 3.0
_PORT = 53


class Upstream:
    """The servers that `servers()` names at the moment of each question, as "address" or "address#port"."""

    def __init__(self, servers: Callable[[], Sequence[str]]) -> None:
        self._servers = servers
        self._failed: dict[str, float] = {}

    async def ask(self, query: Query, message: bytes) -> bytes | None:
        """The answer to `message` with an id of its own, None if no server gave one in time."""
        now = time.monotonic()
        servers = sorted(dict.fromkeys(self._servers()), key=lambda server: self._penalty(server, now))
        if not servers:
            return None
        dead = all(now - self._failed.get(server, -_RECENT) < _RECENT for server in servers)
        tasks: dict[asyncio.Task[tuple[bytes, Reply]], str] = {}
        try:
            async with asyncio.timeout(TOTAL_WHEN_DEAD if dead else TOTAL):
                return await self._race(servers, query, message, tasks)
        except TimeoutError:
            self._failed.update((server, time.monotonic()) for server in tasks.values())
            return None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _penalty(self, server: str, now: float) -> bool:
        return now - self._failed.get(server, -_REMEMBERED) < _REMEMBERED

    async def _race(
        self,
        servers: Sequence[str],
        query: Query,
        message: bytes,
        tasks: dict[asyncio.Task[tuple[bytes, Reply]], str],
    ) -> bytes | None:
        waiting, fallback = list(servers), None
        pending: set[asyncio.Task[tuple[bytes, Reply]]] = set()
        while waiting or pending:
            if waiting:
                server = waiting.pop(0)
                task = asyncio.create_task(_ask_one(server, query, message))
                tasks[task] = server
                pending.add(task)
            done, pending = await asyncio.wait(
                pending, timeout=HEAD_START if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in pending if not done else ():
                self._failed[tasks[task]] = time.monotonic()
            for task in done:
                good = self._judge(task, tasks[task])
                if good is not None and good[1].rcode in (NOERROR, NXDOMAIN):
                    self._failed.pop(tasks[task], None)
                    return good[0]
                fallback = good[0] if good is not None else fallback
        return fallback

    def _judge(self, task: asyncio.Task[tuple[bytes, Reply]], server: str) -> tuple[bytes, Reply] | None:
        """A server's answer, None where it could not be reached."""
        try:
            return task.result()
        except (OSError, Malformed, asyncio.IncompleteReadError):
            self._failed[server] = time.monotonic()
            return None


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.partition("#")
    return host, int(port) if port else _PORT


async def _ask_one(server: str, query: Query, message: bytes) -> tuple[bytes, Reply]:
    own = with_id(message, random_id())
    data, reply = await _over_udp(server, query, own)
    return await _over_tcp(server, query, own) if reply.truncated else (data, reply)


async def _over_udp(server: str, query: Query, message: bytes) -> tuple[bytes, Reply]:
    loop = asyncio.get_running_loop()
    host, port = _address(server)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as own:
        own.connect((host, port))  # also: the kernel drops what others send, and reports a closed port
        own.send(message)
        while True:
            data = await loop.sock_recv(own, 65535)
            with suppress(Malformed):
                reply = read_reply(data)
                if _matches(reply, query, message):
                    return data, reply


async def _over_tcp(server: str, query: Query, message: bytes) -> tuple[bytes, Reply]:
    reader, writer = await asyncio.open_connection(*_address(server))
    try:
        writer.write(struct.pack(">H", len(message)) + message)
        (length,) = struct.unpack(">H", await reader.readexactly(2))
        data = await reader.readexactly(length)
    finally:
        writer.close()
    reply = read_reply(data)
    if not _matches(reply, query, message):
        raise Malformed("answer to another question")
    return data, reply


def _matches(reply: Reply, query: Query, message: bytes) -> bool:
    return reply.id == int.from_bytes(message[:2], "big") and reply.question.lower() == query.question.lower()
