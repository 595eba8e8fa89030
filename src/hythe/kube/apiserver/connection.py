"""A client's connection: who is at the other end, when it leaves, and handing it over to a tunnel.

aiohttp (pinned to 3.13) is reached into in this one place: its `RequestHandler` is subclassed. A connection whose
request is upgraded (exec, attach, port-forward, proxy) is taken from it by giving the transport another protocol; what
the client had sent behind its request is kept for that.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_protocol import RequestHandler

# A client has so long to send its first request's head.
HEAD_SECONDS: Final = 30.0


class Connection(RequestHandler):
    """One client. `local`: it came through the unix socket."""

    __slots__ = ("_late", "gone", "local")

    def __init__(
        self, manager: web.Server, *, loop: asyncio.AbstractEventLoop, local: bool, **kwargs: Any
    ) -> None:
        super().__init__(manager, loop=loop, **kwargs)
        self.local = local
        self.gone: asyncio.Future[None] = loop.create_future()
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._late = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._abort)

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._late is not None and (self._messages or self._current_request is not None):
            self._in_time()

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def connection_lost(self, exc: BaseException | None) -> None:
        self._in_time()
        if not self.gone.done():
            self.gone.set_result(None)
        super().connection_lost(exc)

    def certificate(self) -> bytes | None:
        """The client's certificate, DER; None if it gave none."""
        tls = self.transport.get_extra_info("ssl_object") if self.transport is not None else None
        found: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
        return found

    def take(self, protocol: asyncio.Protocol) -> tuple[asyncio.Transport, bytes]:
        """Give the connection to `protocol`: its transport, and what the client has sent already.

        `connection_lost` of this object must still be called by the taker. Raises ConnectionError if the client left.
        """
        transport = self.transport
        if not isinstance(transport, asyncio.Transport) or transport.is_closing():
            raise ConnectionError("the client has left")
        early = self._message_tail
        self._message_tail = b""
        transport.set_protocol(protocol)
        return transport, early


class NoAnswer(web.StreamResponse):
    """What is returned for a connection that is no longer ours, or no longer there: nothing is written."""

    def __init__(self) -> None:
        super().__init__()
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return


class Server(web.Server):
    """aiohttp's server, making our connections."""

    def __init__(self, handler: Any, *, local: bool, **kwargs: Any) -> None:
        super().__init__(handler, **kwargs)
        self._local = local

    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, local=self._local, **self._kwargs)

    async def stop(self, grace: float) -> None:
        """Let go of all clients: watches end now, other requests have `grace` seconds to end."""
        for connection in self.connections:
            if isinstance(connection, Connection) and not connection.gone.done():
                connection.gone.set_result(None)
            connection.close()
        await self.shutdown(grace)
