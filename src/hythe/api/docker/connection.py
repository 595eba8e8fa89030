"""The server's end of one client connection, with the three things that Docker's API needs beyond HTTP.

Half-close: `echo x | docker run -i` shuts down the client's writing half while it still reads. asyncio closes
the whole connection on that unless `eof_received` says otherwise, which it does here for requests that are
about to be hijacked. Early input: bytes that follow such a request are the program's standard input and not
another request, even if the client did not ask for an upgrade. Going away: `gone` is resolved when the client
has left, so that a stream or a wait ends with its reader instead of outliving it.

aiohttp (pinned to 3.13) is reached into in this one place: its `RequestHandler` is subclassed.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final, NamedTuple

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

_HIJACKED: Final = re.compile(r"^(?:/v[0-9.]+)?/(?:containers/[^/]+/attach|exec/[^/]+/start)(?:\?|$)")
_HIJACKED_HEAD: Final = re.compile(
    rb"POST (?:/v[0-9.]+)?/(?:containers/[^/ ?]+/attach|exec/[^/ ?]+/start)[? ][^\r]*\r\n.*?\r\n\r\n",
    re.DOTALL,
)
_LENGTH: Final = re.compile(rb"^content-length:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)
_MAX_EARLY: Final = 1024 * 1024
# A client has so long to send its first request's head; between requests aiohttp's own limit holds.
HEAD_SECONDS: Final = 30.0
# Each takes a thread of the daemon's, which has more (`daemon.main.THREADS`): others go on beside slow clients.
MAX_TRANSFERS: Final = 32


class Peer(NamedTuple):
    """Who is connected: of a client on tcp the name in its certificate, method "TLS", and its certificates as PEM."""

    name: str = ""
    method: str = ""
    certificates: tuple[bytes, ...] = ()


NOBODY: Final = Peer()


class Connection(RequestHandler):
    """One client. Everything runs on the event loop."""

    __slots__ = ("_early", "_hijacking", "_last_body", "_late", "gone", "peer", "transfers")

    def __init__(
        self,
        manager: web.Server,
        *,
        loop: asyncio.AbstractEventLoop,
        transfers: asyncio.Semaphore,
        peer: Peer = NOBODY,
        **kwargs: Any,
    ) -> None:
        super().__init__(manager, loop=loop, **kwargs)
        self.transfers, self.peer = transfers, peer
        self.gone: asyncio.Future[None] = loop.create_future()
        self._last_body: StreamReader | None = None
        self._hijacking = False
        self._early = bytearray()
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._late = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._abort)

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._hijacking:
            self._keep(data)
            return
        if not self._messages and not self._request_in_progress:
            end = _end_of_hijacked(data)
            data, rest = data[:end], data[end:]
            self._keep(rest)
        super().data_received(data)
        if self._messages:
            self._in_time()
            message, body = self._messages[-1]
            self._last_body = body if _is_hijacked(message) else None
        if self._last_body is not None and self._last_body.is_eof():
            self._hijacking = True

    def _keep(self, data: bytes) -> None:
        self._early += data
        if len(self._early) > _MAX_EARLY and self.transport is not None:
            self.transport.pause_reading()

    def eof_received(self) -> bool:  # type: ignore[override]
        """True keeps the connection open for writing."""
        return self._hijacking

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def connection_lost(self, exc: BaseException | None) -> None:
        self._in_time()
        if not self.gone.done():
            self.gone.set_result(None)
        super().connection_lost(exc)

    def early_input(self) -> bytes:
        """Take what the client sent after its request and before it was answered."""
        early = self._message_tail + bytes(self._early)
        self._early.clear()
        self._message_tail = b""
        return early

    def expect_requests(self) -> bool:
        """A request that could have been hijacked is answered in the ordinary way: parse what comes next.

        False where that cannot be told: what follows a request for a websocket, its body too, is no HTTP to the parser.
        """
        self._hijacking, self._last_body = False, None
        early = self.early_input()
        if self._upgrade:
            return False
        if early:
            self.data_received(early)
        return True


class NoAnswer(web.StreamResponse):
    """What is returned for a connection that is no longer ours, or no longer there: nothing is written."""

    def __init__(self) -> None:
        super().__init__()
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return


def _end_of_hijacked(data: bytes) -> int:
    """Where a whole request to be hijacked ends in `data`; all of `data` if it does not begin with one.

    aiohttp's parser takes what follows for another request (it knows no upgrade but websocket), so it must
    not see it. A client that sends its request in pieces and input right behind the last is not served.
    """
    head = _HIJACKED_HEAD.match(data)
    if head is None:
        return len(data)
    length = _LENGTH.search(head[0])
    return head.end() + (int(length[1]) if length else 0)


def _is_hijacked(message: object) -> bool:
    return (
        isinstance(message, RawRequestMessage)
        and message.method == "POST"
        and _HIJACKED.match(message.path) is not None
    )


class Server(web.Server):
    """aiohttp's server, making our connections. `_transfers`: how many may be sent an archive at a time."""

    def __init__(self, handler: Any, **kwargs: Any) -> None:
        super().__init__(handler, **kwargs)
        self._transfers = asyncio.Semaphore(MAX_TRANSFERS)

    def __call__(self, peer: Peer = NOBODY) -> RequestHandler:
        return Connection(self, loop=self._loop, transfers=self._transfers, peer=peer, **self._kwargs)

    async def stop(self, grace: float) -> None:
        """Let go of all clients: lasting answers end now, other requests have `grace` seconds to end."""
        for connection in self.connections:
            connection.close()
            if isinstance(connection, Connection) and not connection.gone.done():
                connection.gone.set_result(None)
        await self.shutdown(grace)
