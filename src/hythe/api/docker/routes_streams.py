"""What flows: attach, logs, resize. Attached bytes do not pass through here, see `hijack`."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from aiohttp import web

from hythe.api.docker.connection import NoAnswer
from hythe.api.docker.hijack import MULTIPLEXED, RAW, take_over
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Route
from hythe.api.docker.streaming import begin, while_connected
from hythe.api.docker.websocket import accept, exchange
from hythe.engine.containers import logdrivers
from hythe.engine.model import AttachOptions, Container, LogLine, LogQuery
from hythe.errors import Conflict, HytheError, InvalidArgument
from hythe.wire import stdcopy
from hythe.wire.times import format_fixed, parse_time

if TYPE_CHECKING:
    from hythe.api.docker.call import Call

log = logging.getLogger("hythe.api")

# Lines that are there already are sent in pieces of this size, not one write each.
_CHUNK: Final = 64 * 1024


async def attach(call: Call) -> web.StreamResponse:
    """Connect the client to the container's streams. Refusals are ordinary answers; afterwards all is raw."""
    container, options = _wanted(call)
    with call.engine.containers.announce(container.id):
        descriptor, early = await take_over(call, tty=container.spec.tty)
        try:
            await call.engine.containers.attach(container.id, descriptor, early, options)
        except HytheError as error:
            # The connection is no longer HTTP, and the engine has closed it: nobody is left to be told.
            log.info("attach to %s: %s", container.name, error)
    return NoAnswer()


def _wanted(call: Call) -> tuple[Container, AttachOptions]:
    """The container and its streams. Raises Conflict for one that cannot be attached to now."""
    container = call.engine.containers.get(call.ref)
    options = AttachOptions(
        stdin=call.flag("stdin"),
        stdout=call.flag("stdout"),
        stderr=call.flag("stderr"),
        logs=call.flag("logs"),
        stream=call.flag("stream"),
        detach_keys=call.text("detachKeys") or None,
    )
    if container.state.status == "paused":
        raise Conflict(f"container {container.id} is paused, unpause the container before attach")
    if container.state.status == "restarting":
        raise Conflict(f"container {container.id} is restarting, wait until the container is running")
    return container, options


async def attach_websocket(call: Call) -> web.StreamResponse:
    """The same for clients that speak no other protocol. `websocket` says what the messages are."""
    container, options = _wanted(call)
    with call.engine.containers.announce(container.id):
        client = await accept(call)
        ours, theirs = socket.socketpair()
        with ours:
            try:
                await call.engine.containers.attach(container.id, theirs.detach(), b"", options)
            except HytheError as error:
                log.info("attach to %s: %s", container.name, error)
            await exchange(call, client, ours, tty=container.spec.tty)
    return client


async def resize(call: Call) -> web.StreamResponse:
    height, width = size_of(call)
    await call.engine.containers.resize(call.ref, height, width)
    return web.Response(status=200)


def size_of(call: Call) -> tuple[int, int]:
    """h and w of the query, in characters."""
    height, width = call.number("h"), call.number("w")
    if height is None or width is None or not (0 <= height < 65536 and 0 <= width < 65536):
        raise InvalidArgument("h and w must be given, from 0 to 65535")
    return height, width


def log_query(call: Call) -> LogQuery:
    """The parameters of logs. Raises InvalidArgument where neither stream is chosen, as dockerd does."""
    stdout, stderr = call.flag("stdout"), call.flag("stderr")
    if not (stdout or stderr):
        raise InvalidArgument("Bad parameters: you must choose at least one stream")
    now = time.time_ns()
    tail = call.text("tail", "all")
    return LogQuery(
        stdout=stdout,
        stderr=stderr,
        follow=call.flag("follow"),
        since=parse_time(call.text("since"), now),
        until=parse_time(call.text("until"), now),
        tail=int(tail) if tail.isascii() and tail.isdigit() else None,
    )


def render(line: LogLine, *, timestamps: bool, tty: bool, details: bytes = b"") -> bytes:
    """A line as it goes over the wire: framed unless the container has a terminal."""
    data = details + line.data
    if timestamps:
        data = format_fixed(line.time).encode() + b" " + data
    return data if tty else stdcopy.encode(line.stream, data)


async def logs(call: Call) -> web.StreamResponse:
    query = log_query(call)
    container = call.engine.containers.get(call.ref)
    lines = call.engine.containers.logs(container.id, query)
    tty = container.spec.tty
    kind = RAW if tty or call.version < (1, 42) else MULTIPLEXED
    response = await begin(call, kind)
    await while_connected(call, _send_lines(call, response, container, lines))
    await response.write_eof()
    return response


async def _send_lines(
    call: Call, response: web.StreamResponse, container: Container, lines: AsyncIterator[LogLine]
) -> None:
    """Each line at once when following; in larger pieces when not."""
    timestamps, follow = call.flag("timestamps"), call.flag("follow")
    buffer, details = bytearray(), b""
    if call.flag("details"):
        details = logdrivers.details(container).encode() + b" "
    async for line in lines:
        buffer += render(line, timestamps=timestamps, tty=container.spec.tty, details=details)
        if follow or len(buffer) >= _CHUNK:
            await response.write(bytes(buffer))
            buffer.clear()
    if buffer:
        await response.write(bytes(buffer))


_ATTACH: Final = Parameters(("detachKeys", "logs", "stderr", "stdin", "stdout", "stream"))
_LOGS: Final = Parameters(("details", "follow", "since", "stderr", "stdout", "tail", "timestamps", "until"))

ROUTES: Final = (
    Route("POST", "/containers/{ref}/attach", attach, "Attach to a container", _ATTACH),
    Route("GET", "/containers/{ref}/attach/ws", attach_websocket, "Attach over a websocket", _ATTACH),
    Route(
        "POST", "/containers/{ref}/resize", resize, "Resize a container's terminal", Parameters(("h", "w"))
    ),
    Route("GET", "/containers/{ref}/logs", logs, "Logs of a container", _LOGS),
)
