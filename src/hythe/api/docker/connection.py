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
from typing import Any, Final

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler

_HIJACKED: Final = re.compile(r"^(?:/v[0-9.]+)?/(?:containers/[^/]+/attach|exec/[^/]+/start)(?:\?|$)")
_MAX_EARLY: Final = 1024 * 1024


class Connection(RequestHandler):
    """One client. Everything runs on the event loop."""

    __slots__ = ("_early", "_hijacking", "_last_body", "gone")

    def __init__(self, manager: web.Server, *, loop: asyncio.AbstractEventLoop, **kwargs: Any) -> None:
        super().__init__(manager, loop=loop, **kwargs)
        self.gone: asyncio.Future[None] = loop.create_future()
        self._last_body: StreamReader | None = None
        self._hijacking = False
        self._early = bytearray()

    def data_received(self, data: bytes) -> None:
        if self._hijacking:
            self._keep(data)
            return
        super().data_received(data)
        if self._messages:
            message, body = self._messages[-1]
            path = getattr(message, "path", "")
            self._last_body = body if _HIJACKED.match(path) and message.method == "POST" else None
        if self._last_body is not None and self._last_body.is_eof():
            self._hijacking = True

    def _keep(self, data: bytes) -> None:
        self._early += data
        if len(self._early) > _MAX_EARLY and self.transport is not None:
            self.transport.pause_reading()

    def eof_received(self) -> bool:  # type: ignore[override]
        """True keeps the connection open for writing."""
        return self._hijacking or self._upgrade

    def connection_lost(self, exc: BaseException | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        super().connection_lost(exc)

    def early_input(self) -> bytes:
        """Take what the client sent after its request and before it was answered."""
        early = self._message_tail + bytes(self._early)
        self._early.clear()
        self._message_tail = b""
        return early

    def expect_requests(self) -> None:
        """A request that could have been hijacked is answered in the ordinary way: parse what comes next."""
        self._hijacking, self._last_body = False, None
        early = self.early_input()
        if early:
            self.data_received(early)


class Server(web.Server):
    """aiohttp's server, making our connections."""

    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)
