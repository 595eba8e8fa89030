"""A kubelet's door without a kubelet: TLS with a certificate of the cluster's, and one answer for each path.

/containerLogs/...   lines, one at a time, until the other side leaves
others               the connection is switched over and echoes what it is sent, its own request first
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hythe.kube.apiserver.auth.authority import Authority, Holder, Pair


class Door:
    """Runs on a thread of its own. `left` is set when the reader of a log has gone."""

    def __init__(self, pki: Path, folder: Path) -> None:
        self.left = threading.Event()
        self.port = 0
        self._pki, self._folder = pki, folder
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.run_forever()
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=self._context())
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()

    def _context(self) -> ssl.SSLContext:
        authority = Authority(Pair((self._pki / "ca.crt").read_bytes(), (self._pki / "ca.key").read_bytes()))
        made = authority.issue(Holder("system:node:n1", ("system:nodes",)), datetime.now(UTC), ["127.0.0.1"])
        certificate, key = self._folder / "kubelet.crt", self._folder / "kubelet.key"
        certificate.write_bytes(made.certificate)
        key.write_bytes(made.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(self._pki / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /containerLogs/"):
            await self._log(writer)
            return
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n" + head
        )
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _log(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"5\r\nline\n\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)
        except OSError:
            self.left.set()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(30)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)


@contextmanager
def opened(pki: Path, folder: Path) -> Iterator[Door]:
    """A door that is open meanwhile."""
    door = Door(pki, folder)
    door.start()
    try:
        yield door
    finally:
        door.stop()
