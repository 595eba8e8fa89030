"""A request passed on to another server, byte for byte: exec, attach, port-forward, logs, and the proxies.

The request's head is written anew, without what says who asks. What comes back decides:

    101       the client's connection is taken from the HTTP server, and both are joined until either ends: whatever
              is spoken on it (WebSocket, SPDY) is between client and kubelet
    others    the answer is passed on as it comes, chunk by chunk, so that `logs --follow` follows

Kept out: where to connect, and what the path there is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Final

from aiohttp import web

from hythe.base.departure import until_gone
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.connection import NoAnswer
from hythe.kube.apiserver.heads import Head, body_of, read_head, request_head
from hythe.kube.apiserver.kubelets import Place
from hythe.kube.objects.status import ApiError, bad_request, internal_error, service_unavailable

CONNECT_SECONDS: Final = 10.0
_BLOCK: Final = 64 * 1024
_MOST_SAID: Final = 2048
_PASSED_ON: Final = ("Content-Type", "Content-Length", "Location", "Cache-Control", "Content-Encoding")


async def passed_on(
    call: Call, place: Place, target: str, *, raw_headers: bool = False, refusals: bool = False
) -> web.StreamResponse:
    """Answer the call with what the server at `place` answers to `target` (path and query).

    `raw_headers`: the client's other headers go along too, as a proxy does it. `refusals`: an answer that is none of
    success is a plain text, and is made an ApiError. Raises ApiError if nobody is there.
    """
    request = call.request
    upgrade = "upgrade" in request.headers.get("Connection", "").lower()
    reader, writer = await connected(place)
    try:
        writer.write(request_head(request, target, place, upgrade=upgrade, whole=raw_headers))
        if not upgrade and request.can_read_body:
            await _send_body(request, writer)
        head = await _head(reader)
        if head.status == 101:
            return await _joined(call, head, reader, writer)
        if refusals and not 200 <= head.status <= 206:
            raise await _refused(head, body_of(head, request.method, reader))
        body = body_of(head, request.method, reader)
        return await until_gone(call.connection.gone, _relayed(call, head, body))
    finally:
        writer.close()


async def _refused(head: Head, body: AsyncIterator[bytes]) -> ApiError:
    """As upstream's generic response checker has it: 400 and 500 say what was said, others just that they are so."""
    said = b""
    async for piece in body:
        said += piece
        if len(said) > _MOST_SAID:
            break
    text = said[:_MOST_SAID].decode(errors="replace").strip()
    if head.status == 500:
        return internal_error(text)
    if head.status == 404:
        return ApiError(404, "NotFound", text or "the server could not find the requested resource")
    return bad_request(text)


async def connected(place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises ApiError."""
    try:
        opening = asyncio.open_connection(place.host, place.port, ssl=place.context, limit=_BLOCK)
        return await asyncio.wait_for(opening, CONNECT_SECONDS)
    except (OSError, TimeoutError) as error:
        raise _unreachable(place, error) from error


def _unreachable(place: Place, error: Exception) -> ApiError:
    why = str(error) or "i/o timeout"
    return internal_error(f"error dialing backend: dial tcp {place.host}:{place.port}: {why}")


async def _send_body(request: web.BaseRequest, writer: asyncio.StreamWriter) -> None:
    """Chunked, whatever it was."""
    async for chunk in request.content.iter_any():
        writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        await writer.drain()
    writer.write(b"0\r\n\r\n")


async def _head(reader: asyncio.StreamReader) -> Head:
    try:
        return await read_head(reader)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, OSError) as error:
        raise service_unavailable(f"the backend did not answer: {error}") from error


async def _relayed(call: Call, head: Head, body: AsyncIterator[bytes]) -> web.StreamResponse:
    headers = {name: head.headers[name.lower()] for name in _PASSED_ON if name.lower() in head.headers}
    response = web.StreamResponse(status=head.status, headers=headers)
    await response.prepare(call.request)
    async for chunk in body:
        await response.write(chunk)
    await response.write_eof()
    return response


async def _joined(
    call: Call, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> web.StreamResponse:
    connection = call.connection
    loop = asyncio.get_running_loop()
    ours = asyncio.StreamReader(limit=_BLOCK, loop=loop)
    protocol = asyncio.StreamReaderProtocol(ours, loop=loop)
    transport, early = connection.take(protocol)
    protocol.connection_made(transport)
    client = asyncio.StreamWriter(transport, protocol, ours, loop)
    client.write(head.raw)
    writer.write(early)
    try:
        await _both([_pump(ours, writer), _pump(reader, client)])
    finally:
        transport.close()
        connection.connection_lost(None)
    return NoAnswer()


async def _both(pumps: Iterable[object]) -> None:
    """Until either direction has ended; the other gets a moment for what is still on its way."""
    tasks = [asyncio.ensure_future(pump) for pump in pumps]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(tasks, timeout=1.0)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_BLOCK):
            target.write(data)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
