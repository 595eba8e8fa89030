"""tcp with certificates: TLS ends at the door, and behind it every client is one on a unix socket.

asyncio has TLS, but closes both directions when the client ends its own, and docker ends its own at once for a
`docker run` without -i: all output would be lost. Nor can a connection be handed to the runtime while the keys are
here. So each client gets a pair of sockets; the API serves one end as it serves any unix socket, half-close and
hand-over included, and here all bytes pass between the other end and the client, no faster than the slower side.

A client has HANDSHAKE_SECONDS to show a certificate. Kept out: what the API does, and who may (`sockets.tls_context`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from typing import Any, Final

from hythe.api.docker.connection import Peer, Server

log = logging.getLogger("hythe.daemon")

HANDSHAKE_SECONDS: Final = 10.0
_FULL_SECONDS: Final = 1.0
_PIECE: Final = 64 * 1024


class Session:
    """One client's TLS over its connected, non-blocking socket. One task reads, one writes."""

    def __init__(self, client: socket.socket, context: ssl.SSLContext) -> None:
        self._client, self._loop = client, asyncio.get_running_loop()
        self._arriving, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arriving, self._leaving, server_side=True)
        self._sending = asyncio.Lock()

    async def handshake(self) -> None:
        """Raises ssl.SSLError for a client without a right certificate."""
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._send()
                await self._receive()
        await self._send()

    def peer(self) -> Peer:
        """Who the client's certificate says it is."""
        shown: Any = self._tls.getpeercert() or {}
        names = [value for entry in shown.get("subject", ()) for key, value in entry if key == "commonName"]
        whole = self._tls.getpeercert(binary_form=True)
        pem = (ssl.DER_cert_to_PEM_cert(whole).encode(),) if whole else ()
        return Peer(next(iter(names), ""), "TLS", pem)

    async def read(self) -> bytes:
        """What the client says; b"" when it will say no more. Raises OSError for one that is gone."""
        while True:
            try:
                return self._tls.read(_PIECE)
            except ssl.SSLWantReadError:
                await self._send()
                await self._receive()
            except ssl.SSLZeroReturnError:
                return b""

    async def gone(self) -> None:
        """After the end of `read`: until the client has closed its connection."""
        while await self._loop.sock_recv(self._client, _PIECE):
            pass

    async def write(self, data: bytes) -> None:
        self._tls.write(data)
        await self._send()

    async def finish(self) -> None:
        """Tell the client that nothing follows."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()  # writes our end, then wants the client's, which is not waited for
        await self._send()

    async def _send(self) -> None:
        async with self._sending:
            while data := self._leaving.read():
                await self._loop.sock_sendall(self._client, data)

    async def _receive(self) -> None:
        data = await self._loop.sock_recv(self._client, _PIECE)
        if data:
            self._arriving.write(data)
        else:
            self._arriving.write_eof()


async def serve(listener: socket.socket, server: Server, context: ssl.SSLContext) -> None:
    """Let clients in until cancelled."""
    listener.setblocking(False)
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as clients:
        while True:
            try:
                client, _ = await loop.sock_accept(listener)
            except OSError as error:
                log.warning("cannot let a client in: %s", error.strerror)
                await asyncio.sleep(_FULL_SECONDS)  # no descriptors left: others must go first
                continue
            clients.create_task(_guarded(client, server, context))


async def _guarded(client: socket.socket, server: Server, context: ssl.SSLContext) -> None:
    """A client's errors are its own."""
    with client:
        try:
            await _client(client, server, context)
        except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
            log.info("a client on tcp is let go: %s", error or "it showed no certificate in time")


async def _client(client: socket.socket, server: Server, context: ssl.SSLContext) -> None:
    client.setblocking(False)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    session = Session(client, context)
    async with asyncio.timeout(HANDSHAKE_SECONDS):
        await session.handshake()
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        peer = session.peer()
        await asyncio.get_running_loop().connect_accepted_socket(lambda: server(peer), theirs)
        ways = [
            asyncio.ensure_future(_inwards(session, ours)),
            asyncio.ensure_future(_outwards(session, ours)),
        ]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def _inwards(session: Session, ours: socket.socket) -> None:
    """Ends when the client is gone; its half-close is passed on."""
    loop = asyncio.get_running_loop()
    while data := await session.read():
        await loop.sock_sendall(ours, data)
    with contextlib.suppress(OSError):
        ours.shutdown(socket.SHUT_WR)
    await session.gone()


async def _outwards(session: Session, ours: socket.socket) -> None:
    """Ends when the API or the container has said all."""
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(ours, _PIECE):
        await session.write(data)
    await session.finish()
