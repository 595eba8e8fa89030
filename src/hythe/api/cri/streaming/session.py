"""Exec and attach: the streams of a process on one side, a client on the other.

The engine gives the runtime a socket, of which the other end is here: what comes out of it are Docker's frames where
there is no terminal, and output as it is where there is one. When the process has ended its socket ends, and the client
is told how. A client that leaves, or misbehaves, takes its input with it; a program on a terminal is told by SIGHUP, as
by a terminal that is closed, and any other goes on.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.streaming.client import PIECE, ExecClient, Left, Resize
from hythe.engine.model import AttachOptions, ExecSpec
from hythe.errors import HytheError
from hythe.wire import channels, stdcopy

if TYPE_CHECKING:
    from hythe.engine.engine import Engine

log = logging.getLogger("hythe.api.cri")
ResizeTo = Callable[[int, int], Awaitable[None]]


async def run_exec(engine: Engine, request: cri.ExecRequest, client: ExecClient) -> None:
    """Run the program with the client's streams. Raises Left."""
    spec = ExecSpec(
        args=list(request.cmd),
        tty=request.tty,
        attach_stdin=request.stdin,
        attach_stdout=request.stdout,
        attach_stderr=request.stderr,
    )
    try:
        id = await engine.execs.create(request.container_id, spec)
        ended = engine.execs.waiter(id)
        with _pair() as (ours, theirs):
            await engine.execs.start(id, theirs, raw=request.tty)
            await _exchange(client, ours, lambda h, w: engine.execs.resize(id, h, w), tty=request.tty)
        code = await ended
    except HytheError as error:
        await client.finish(channels.failed(f"error executing command in container: {error.message}"))
        return
    except Left:
        if request.tty:
            with suppress(HytheError):
                await engine.execs.signal(id, signal.SIGHUP)
        raise
    await client.finish(channels.exited(code) if code else channels.succeeded())


async def run_attach(engine: Engine, request: cri.AttachRequest, client: ExecClient) -> None:
    """Connect the client to the container's own process. Raises Left."""
    ref = request.container_id
    options = AttachOptions(request.stdin, request.stdout, request.stderr, detach_keys="")
    try:
        tty = engine.containers.get(ref).spec.tty
        with _pair() as (ours, theirs):
            await engine.containers.attach(ref, theirs, b"", options)
            await _exchange(client, ours, lambda h, w: engine.containers.resize(ref, h, w), tty=tty)
    except HytheError as error:
        await client.finish(channels.failed(f"error attaching to container: {error.message}"))
        return
    await client.finish(channels.succeeded())


@contextmanager
def _pair() -> Iterator[tuple[socket.socket, int]]:
    """(our end, the descriptor for the runtime, which the engine owns)."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours:
        ours.setblocking(False)
        yield ours, theirs.detach()


async def _exchange(client: ExecClient, ours: socket.socket, resize: ResizeTo, *, tty: bool) -> None:
    """Pass on both ways until the process's streams have ended. Raises Left when the client ends first."""
    inward = asyncio.ensure_future(_inward(client, ours, resize))
    outward = asyncio.ensure_future(_outward(client, ours, tty=tty))
    try:
        await asyncio.wait({inward, outward}, return_when=asyncio.FIRST_COMPLETED)
        if outward.done():
            outward.result()
            return
        inward.result()
        raise Left
    finally:
        for way in (inward, outward):
            way.cancel()
        await asyncio.gather(inward, outward, return_exceptions=True)


async def _inward(client: ExecClient, ours: socket.socket, resize: ResizeTo) -> None:
    """Until the client leaves."""
    loop = asyncio.get_running_loop()
    try:
        async for event in client.events():
            if isinstance(event, Resize):
                with suppress(HytheError):  # the process has just ended
                    await resize(event.height, event.width)
                continue
            with suppress(OSError):  # the process takes no more input
                if event.data is None:
                    ours.shutdown(socket.SHUT_WR)
                else:
                    await loop.sock_sendall(ours, event.data)
    except HytheError as error:
        log.debug("a client of exec or attach misbehaves: %s", error)
        raise Left from error


async def _outward(client: ExecClient, ours: socket.socket, *, tty: bool) -> None:
    loop = asyncio.get_running_loop()
    frames = None if tty else stdcopy.Decoder()
    while data := await _received(loop, ours):
        pieces: Iterable[tuple[int, bytes]] = ((1, data),) if frames is None else frames.feed(data)
        for stream, piece in pieces:
            await client.send(stream, piece)


async def _received(loop: asyncio.AbstractEventLoop, ours: socket.socket) -> bytes:
    try:
        return await loop.sock_recv(ours, PIECE)
    except ConnectionResetError:
        return b""  # the process has ended with input unread
