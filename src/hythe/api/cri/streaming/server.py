"""The streaming server: a port on loopback, where a token opens one exec, attach or port-forward.

    GET  /exec/TOKEN, Upgrade: websocket      channels of `wire.channels`; for port-forward also a tunnel of SPDY
    POST /exec/TOKEN, Upgrade: SPDY/3.1       streams of `wire.spdy`

A kubelet only passes the bytes on between its own client and this server, so what kubectl speaks ends here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.streaming import http, spdy_client
from hythe.api.cri.streaming.client import Connection, Left, Pair
from hythe.api.cri.streaming.forward import forward
from hythe.api.cri.streaming.session import run_attach, run_exec
from hythe.api.cri.streaming.spdy_client import SpdyExec
from hythe.api.cri.streaming.spdy_connection import SpdyConnection
from hythe.api.cri.streaming.tokens import Request, Tokens
from hythe.api.cri.streaming.websocket_client import Tunnel, WebSocket, WebSocketExec, WebSocketPairs
from hythe.errors import HytheError, InvalidArgument, NotFound
from hythe.wire import channels
from hythe.wire.channels import Channels
from hythe.wire.websocket import accept_key

if TYPE_CHECKING:
    from hythe.engine.engine import Engine

log = logging.getLogger("hythe.api.cri")
HOST: Final = "127.0.0.1"
HEAD_SECONDS: Final = 30.0
MOST: Final = 1000
"""Connections at a time: more are closed at once."""
_WEBSOCKET_VERSION: Final = "13"


class StreamingServer:
    def __init__(self, engine: Engine) -> None:
        self._engine, self._tokens = engine, Tokens()
        self._sessions: set[asyncio.Task[None]] = set()
        self._port = 0

    async def start(self) -> None:
        """Raises OSError."""
        self._server = await asyncio.start_server(self._connected, HOST, 0, limit=http.HEAD_LIMIT)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for session in list(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def url(self, kind: str, request: Request) -> str:
        """Where it can be had, once. Raises Unavailable."""
        return f"http://{HOST}:{self._port}/{kind}/{self._tokens.give(request)}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._sessions) >= MOST:
            writer.close()
            return
        self._sessions.add(task)
        try:
            await self._answer(Connection(reader, writer), reader)
        except (Left, EOFError, TimeoutError):
            pass
        except asyncio.CancelledError:
            pass  # the server stops
        except Exception:
            log.exception("a stream failed")
        finally:
            self._sessions.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, connection: Connection, reader: asyncio.StreamReader) -> None:
        try:
            head = await asyncio.wait_for(http.read_head(reader), HEAD_SECONDS)
            request = self._asked(head)
            handler = self._websocket if head.upgrade == "websocket" else self._spdy
            await handler(head, request, connection)
        except HytheError as error:
            log.debug("streaming: %s", error)
            if not connection.upgraded:
                status = "404 Not Found" if isinstance(error, NotFound) else "400 Bad Request"
                await connection.write(http.answer(status, {}, f"{error}\n"))

    def _asked(self, head: http.Head) -> Request:
        """What the token stands for. Raises NotFound, InvalidArgument for what is no upgrade: that uses no token."""
        if head.upgrade not in ("websocket", "spdy/3.1"):
            raise InvalidArgument("Upgrade request required", hint="SPDY/3.1 or websocket")
        _, _, rest = head.path.partition("/")
        kind, _, token = rest.partition("/")
        request = self._tokens.take(token)
        if kind != kind_of(request):
            raise NotFound(f"the token is not one for {kind}")
        return request

    # ---- WebSocket ----------------------------------------------------------------------------------

    async def _websocket(self, head: http.Head, request: Request, connection: Connection) -> None:
        key = head.one("sec-websocket-key")
        if head.method != "GET" or not key or head.one("sec-websocket-version") != _WEBSOCKET_VERSION:
            raise InvalidArgument(f"this is no handshake of WebSocket {_WEBSOCKET_VERSION}")
        forwards = isinstance(request, cri.PortForwardRequest)
        known = channels.FORWARD if forwards else channels.EXEC
        protocol = channels.chosen(head.words("sec-websocket-protocol"), known)
        ports = _ports(request, head) if isinstance(request, cri.PortForwardRequest) else []
        if forwards and protocol != channels.TUNNEL and not ports:
            raise InvalidArgument("query parameter 'port' is required")
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept_key(key)}
        if protocol:
            headers["Sec-WebSocket-Protocol"] = protocol
        await connection.upgrade(http.answer("101 Switching Protocols", headers))
        socket, spoken = WebSocket(connection), Channels(protocol)
        if not isinstance(request, cri.PortForwardRequest):
            await self._exec_on_channels(request, socket, spoken)
        elif protocol == channels.TUNNEL:
            await self._forward_on_spdy(request, SpdyConnection(Tunnel(socket)))
        else:
            await self._forward_on_channels(request, WebSocketPairs(socket, spoken, ports))
        await socket.close()

    async def _exec_on_channels(
        self, request: cri.ExecRequest | cri.AttachRequest, socket: WebSocket, spoken: Channels
    ) -> None:
        client = WebSocketExec(socket, spoken)
        await client.greet(channels.STDOUT if request.stdout else channels.STATUS)
        await self._session(request, client)

    async def _session(
        self, request: cri.ExecRequest | cri.AttachRequest, client: WebSocketExec | SpdyExec
    ) -> None:
        if isinstance(request, cri.ExecRequest):
            await run_exec(self._engine, request, client)
        else:
            await run_attach(self._engine, request, client)

    async def _forward_on_channels(self, request: cri.PortForwardRequest, client: WebSocketPairs) -> None:
        await client.greet()

        async def pairs() -> AsyncIterator[Pair]:
            for pair in client.pairs:
                yield pair

        reading = asyncio.ensure_future(client.run())
        forwarding = asyncio.ensure_future(forward(self._pid(request), pairs()))
        await _first(reading, forwarding)

    # ---- SPDY -----------------------------------------------------------------------------------------

    async def _spdy(self, head: http.Head, request: Request, connection: Connection) -> None:
        known = spdy_client.FORWARD if isinstance(request, cri.PortForwardRequest) else spdy_client.EXEC
        offered = head.words("x-stream-protocol-version")
        protocol = channels.chosen(offered, known) or known[-1]
        headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": protocol}
        await connection.upgrade(http.answer("101 Switching Protocols", headers))
        streams = SpdyConnection(connection)
        if isinstance(request, cri.PortForwardRequest):
            await self._forward_on_spdy(request, streams)
        else:
            await self._exec_on_spdy(request, streams, protocol)

    async def _exec_on_spdy(
        self, request: cri.ExecRequest | cri.AttachRequest, streams: SpdyConnection, protocol: str
    ) -> None:
        kinds = {"error"} | {name for name in ("stdin", "stdout") if getattr(request, name)}
        if request.stderr and not request.tty:
            kinds.add("stderr")
        if request.tty and spdy_client.resizes(protocol):
            kinds.add("resize")

        async def serve() -> None:
            client = SpdyExec(streams, protocol)
            await client.open(kinds)
            await self._session(request, client)

        reading, serving = asyncio.ensure_future(streams.run()), asyncio.ensure_future(serve())
        await _both(reading, serving)

    async def _forward_on_spdy(self, request: cri.PortForwardRequest, streams: SpdyConnection) -> None:
        reading = asyncio.ensure_future(streams.run())
        serving = asyncio.ensure_future(forward(self._pid(request), spdy_client.pairs(streams)))
        await _both(reading, serving)
        await streams.close()

    def _pid(self, request: cri.PortForwardRequest) -> int:
        return self._engine.containers.get(request.pod_sandbox_id).state.pid


async def _first(*tasks: asyncio.Future[None]) -> None:
    """Until one of them has ended; the others are ended with it."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
    except InvalidArgument as error:
        log.debug("a client misbehaves: %s", error)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _both(reading: asyncio.Future[None], serving: asyncio.Future[None]) -> None:
    """Until what is served has ended: it learns by its streams that the reading has."""
    try:
        await asyncio.wait({reading, serving}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            reading.result()
        await serving
    except InvalidArgument as error:
        log.debug("a client misbehaves: %s", error)
    finally:
        for task in (reading, serving):
            task.cancel()
        await asyncio.gather(reading, serving, return_exceptions=True)


def kind_of(request: Request) -> str:
    """The first part of its path."""
    if isinstance(request, cri.ExecRequest):
        return "exec"
    return "attach" if isinstance(request, cri.AttachRequest) else "portforward"


def _ports(request: cri.PortForwardRequest, head: http.Head) -> list[int]:
    """Those that were asked for over gRPC, else those of the URL. Raises InvalidArgument."""
    if request.port:
        return list(request.port)
    texts = [
        word for name in ("port", "ports") for text in head.query.get(name, ()) for word in text.split(",")
    ]
    for text in texts:
        if not text.isdecimal() or not 0 < int(text) < 1 << 16:
            raise InvalidArgument(f"port {text!r} is not between 1 and 65535")
    return [int(text) for text in texts]
