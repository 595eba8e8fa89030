"""The listener: TLS with client certificates, who may do what, routing, and the errors' way back to the client.

GET  /healthz /pods /stats/summary /metrics/resource
GET  /containerLogs/NAMESPACE/POD/CONTAINER
any  /exec /attach /run /NAMESPACE/POD[/UID]/CONTAINER    /portForward/NAMESPACE/POD[/UID]
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from hythe.errors import HytheError
from hythe.kube.kubelet.api.exchange import LARGEST_HEAD, Exchange, Refused, read_request
from hythe.kube.kubelet.api.permission import Permission, caller_of
from hythe.kube.kubelet.cri.client import CriError

log = logging.getLogger("hythe.kubelet")

Handler = Callable[[Exchange, list[str]], Awaitable[None]]
"""Gets the parts of the path behind its own."""


class Certificates(NamedTuple):
    """Files in PEM: the authority that clients must be of, and this server's own certificate and key."""

    authority: Path
    certificate: Path
    key: Path


def context_of(files: Certificates) -> ssl.SSLContext:
    """TLS in which clients must show a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(files.authority)
    context.load_cert_chain(files.certificate, files.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["http/1.1"])
    return context


class Server:
    """`routes` by the first part of the path, such as "exec", or the first two, such as "stats/summary"."""

    def __init__(self, routes: dict[str, Handler], permission: Permission) -> None:
        self._routes = routes
        self._permission = permission
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self, address: str, port: int, certificates: Certificates | None) -> None:
        """Without certificates everybody is answered: for tests, on loopback. Raises OSError."""
        context = context_of(certificates) if certificates is not None else None
        self._server = await asyncio.start_server(
            self._accept, address, port, ssl=context, limit=LARGEST_HEAD
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                request = await read_request(reader)
            except ValueError:
                return
            if request is None:
                return
            exchange = Exchange(request, reader, writer)
            await self._one(exchange)
            if not exchange.keep or not exchange.answered:
                return

    async def _one(self, exchange: Exchange) -> None:
        code, message = 200, ""
        try:
            await self._permit(exchange)
            await self._route(exchange)
        except Refused as error:
            code, message = error.code, error.message
        except CriError as error:
            code, message = (404 if error.code == "NOT_FOUND" else 500), error.full
        except HytheError as error:
            code, message = 500, error.message
        if message:
            if exchange.answered:
                exchange.keep = False
                log.info("%s was cut short: %s", exchange.request.path, message)
                return
            await exchange.answer(f"{message}\n".encode(), code=code)

    async def _permit(self, exchange: Exchange) -> None:
        """Everybody is known by a certificate where there is TLS; /healthz is for all of them."""
        tls = exchange.writer.get_extra_info("ssl_object")
        if tls is not None and exchange.request.path != "/healthz":
            await self._permission.check(caller_of(tls.getpeercert() or {}), exchange.request)

    async def _route(self, exchange: Exchange) -> None:
        parts = exchange.request.path.strip("/").split("/")
        for length in (2, 1):
            handler = self._routes.get("/".join(parts[:length]))
            if handler is not None and len(parts) >= length:
                await handler(exchange, parts[length:])
                return
        raise Refused(404, "404 page not found")
