"""/exec, /attach, /portForward: the client's connection joined to the runtime's streaming server; /run: a command.

The runtime says at which URL it waits for the stream. The request's head goes there with the path changed, and from
then on bytes are passed both ways until either side ends, whatever is spoken: SPDY/3.1 or WebSocket.
"""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.api.exchange import Exchange, Refused
from hythe.kube.kubelet.api.finding import Finder, running
from hythe.kube.kubelet.cri.client import Runtime
from hythe.kube.kubelet.pods import names

BLOCK = 64 * 1024
_DROPPED = ("host", "authorization", "content-length", "transfer-encoding", "expect")


class Streams:
    """The handlers."""

    def __init__(self, finder: Finder, runtime: Runtime) -> None:
        self._finder = finder
        self._runtime = runtime

    async def exec(self, exchange: Exchange, path: list[str]) -> None:
        record = running(self._finder.find(path))
        request = exchange.request
        url = await self._runtime.exec_url(
            cri.ExecRequest(
                container_id=record.id,
                cmd=request.query.get("command", []),
                tty=request.truth("tty"),
                stdin=request.truth("input"),
                stdout=request.truth("output"),
                stderr=request.truth("error") and not request.truth("tty"),
            )
        )
        await _joined(exchange, url)

    async def attach(self, exchange: Exchange, path: list[str]) -> None:
        record = running(self._finder.find(path))
        request = exchange.request
        url = await self._runtime.attach_url(
            cri.AttachRequest(
                container_id=record.id,
                tty=request.truth("tty"),
                stdin=request.truth("input"),
                stdout=request.truth("output"),
                stderr=request.truth("error") and not request.truth("tty"),
            )
        )
        await _joined(exchange, url)

    async def port_forward(self, exchange: Exchange, path: list[str]) -> None:
        worker = self._finder.find(path, container=False).worker
        sandbox = worker.seen.sandbox
        if sandbox is None or not sandbox.ready:
            raise Refused(500, f'failed to find sandbox of pod "{names.name(worker.pod)}"')
        ports = [int(port) for port in exchange.request.query.get("port", []) if port.isdigit()]
        await _joined(exchange, await self._runtime.port_forward_url(sandbox.id, ports))

    async def run(self, exchange: Exchange, path: list[str]) -> None:
        """POST /run?cmd=...: both outputs of a command that takes no input."""
        record = running(self._finder.find(path))
        command = exchange.request.one("cmd").split(" ")
        result = await self._runtime.exec_sync(record.id, command, 3600)
        await exchange.answer(result.output, code=500 if result.code else 200)


async def _joined(exchange: Exchange, url: str) -> None:
    """Raises Refused where the runtime's server cannot be reached."""
    place = urlsplit(url)
    exchange.keep = False
    try:
        reader, writer = await asyncio.open_connection(place.hostname, place.port or 80, limit=BLOCK)
    except OSError as error:
        raise Refused(500, f"error dialing the runtime's streaming server: {error.strerror}") from error
    exchange.answered = True
    try:
        target = place.path + (f"?{place.query}" if place.query else "")
        writer.write(_head(exchange, target, f"{place.hostname}:{place.port or 80}"))
        await _both(exchange, reader, writer)
    finally:
        writer.close()


def _head(exchange: Exchange, target: str, host: str) -> bytes:
    request = exchange.request
    kept = [line for line in request.raw if line.partition(":")[0].strip().lower() not in _DROPPED]
    return "\r\n".join([f"{request.method} {target} HTTP/1.1", f"Host: {host}", *kept, "", ""]).encode(
        "latin-1"
    )


async def _both(exchange: Exchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until either side has ended; what is still on its way to the client gets a moment."""
    up = asyncio.ensure_future(_pump(exchange.reader, writer))
    down = asyncio.ensure_future(_pump(reader, exchange.writer))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if not down.done():
            await asyncio.wait({down}, timeout=2.0)
    finally:
        up.cancel()
        down.cancel()
        await asyncio.gather(up, down, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(BLOCK):
            target.write(data)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
