"""The conversation of a name server: questions in and answers out, over UDP and TCP, of any answerer.

    datagram ---> at_once ---> answer, or forward (a task; at most OUTSTANDING of them) ---> answer, cut to fit
    connection -> length, message, again and again, until it has been silent for IDLE seconds

An answer that the asker cannot take over UDP goes out as its header alone, with the flag that says to ask again over
TCP. Kept out: what is answered (`nameserver.py` for the engine's networks, the cluster's DNS for Kubernetes).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Coroutine
from typing import Final, Protocol

from hythe.wire import dns

OUTSTANDING: Final = 256
"""Forwarded questions and connections at a time."""
CONNECTIONS: Final = 64
"""Connections that may wait to be accepted."""
_IDLE: Final = 10.0
_log = logging.getLogger(__name__)


class Answerer(Protocol):
    def at_once(self, data: bytes) -> tuple[dns.Query | None, bytes | None]:
        """(question, answer). Without an answer the question is for others; without both it is dropped."""

    async def forward(self, query: dns.Query, data: bytes) -> bytes:
        """The answer to a question that is for others; it may be an error, and comes in bounded time."""


class Dialogue(asyncio.DatagramProtocol):
    """One name server on two sockets, from `start` to `stop`."""

    def __init__(self, answerer: Answerer, name: str) -> None:
        self._answerer, self._name = answerer, name
        self._transport: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, datagrams: socket.socket, streams: socket.socket) -> None:
        """Take over a bound UDP socket and a listening TCP one, neither of which blocks."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=datagrams)
        self._server = await asyncio.start_server(self._connected, sock=streams)

    async def stop(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- UDP ----------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        query, answer = self._answerer.at_once(data)
        if answer is not None:
            self._send(answer, query, address)
        elif query is not None:
            if len(self._tasks) >= OUTSTANDING:
                self._send(dns.write_reply(query, rcode=dns.SERVFAIL), query, address)
            else:
                self._spawn(self._forward_datagram(query, data, address))

    def error_received(self, error: Exception) -> None:
        _log.debug("%s: %s", self._name, error)  # an asker that closed its port

    async def _forward_datagram(self, query: dns.Query, data: bytes, address: tuple[str, int]) -> None:
        self._send(await self._answerer.forward(query, data), query, address)

    def _send(self, answer: bytes, query: dns.Query | None, address: tuple[str, int]) -> None:
        if query is not None and len(answer) > query.size:
            answer = dns.truncate(query, answer)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(answer, address)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- TCP ----------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if len(self._tasks) <= OUTSTANDING:
                await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the asker went away or fell silent
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            async with asyncio.timeout(_IDLE):
                (length,) = struct.unpack(">H", await reader.readexactly(2))
                data = await reader.readexactly(length)
            query, answer = self._answerer.at_once(data)
            if answer is None and query is not None:
                answer = await self._answerer.forward(query, data)
            if answer is None:
                return
            writer.write(struct.pack(">H", len(answer)) + answer)
            await writer.drain()
