"""Turning a request into a bare connection: attach and exec start.

The answer's head is written by hand ("101 UPGRADED" to those who asked for an upgrade, "200 OK" to the older
clients that did not), then the socket's descriptor is duplicated for the engine, which passes it on to the
process that owns the container's streams. Our own end is let go of without shutdown(2), which would reach
through the duplicate; close(2) of one of two descriptors does not. From then on the client and the program
speak directly, and no byte of theirs passes through this process.
"""

from __future__ import annotations

import array
import asyncio
import fcntl
import os
import socket
import termios
from typing import TYPE_CHECKING, Final

from hythe.errors import Unavailable, Unsupported

if TYPE_CHECKING:
    from hythe.api.docker.call import Call

RAW: Final = "application/vnd.docker.raw-stream"
MULTIPLEXED: Final = "application/vnd.docker.multiplexed-stream"
_PAUSES: Final = (0, 0, 0.0002, 0.0005, 0.001, *[0.002] * 50)


def head(*, upgrade: bool, multiplexed: bool) -> bytes:
    """The answer's status line and headers."""
    kind = MULTIPLEXED if multiplexed else RAW
    if upgrade:
        lines = ["HTTP/1.1 101 UPGRADED", f"Content-Type: {kind}", "Connection: Upgrade", "Upgrade: tcp"]
    else:
        lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}"]
    return "\r\n".join([*lines, "", ""]).encode()


async def take_over(call: Call, *, tty: bool) -> tuple[int, bytes]:
    """Answer, and take the connection: (descriptor, bytes the client has sent already).

    The descriptor is the caller's to close or give away. Raises Unavailable if the client has left.
    """
    multiplexed = not tty and call.version >= (1, 42)
    upgrade = call.request.headers.get("Upgrade", "").lower() == "tcp"
    await call.answering(101 if upgrade else 200, {"Content-Type": MULTIPLEXED if multiplexed else RAW})
    transport = call.request.transport
    if transport is None or transport.is_closing():
        raise Unavailable("the client has closed the connection")
    if transport.get_extra_info("sslcontext") is not None:
        raise Unsupported("attaching over TLS is not supported", hint="use the daemon's unix socket")
    transport.pause_reading()
    listening: socket.socket = transport.get_extra_info("socket")
    descriptor = os.dup(listening.fileno())
    try:
        early = call.connection.early_input()
        answer = head(upgrade=upgrade, multiplexed=multiplexed)
        await _send_all(descriptor, answer)
        if listening.family == socket.AF_UNIX:
            await _until_read(descriptor)
    except OSError as error:
        os.close(descriptor)
        raise Unavailable(f"the client has closed the connection: {error.strerror}") from error
    transport.abort()
    # The event loop closes its own descriptor in its next round; nothing else may be told of it before.
    await asyncio.sleep(0)
    return descriptor, early


async def _send_all(descriptor: int, data: bytes) -> None:
    """Write through a duplicate socket object, which is detached again and closes nothing."""
    duplicate = socket.socket(fileno=descriptor)
    try:
        duplicate.setblocking(False)
        await asyncio.get_running_loop().sock_sendall(duplicate, data)
    finally:
        duplicate.detach()


async def _until_read(descriptor: int) -> None:
    """Wait, for a moment at most, until the client has taken the answer's head out of a unix socket.

    docker-py reads it through a buffer that it then drops: output that is there by then is lost to it. dockerd
    is slow enough for that not to happen. There is no event for this; the kernel only tells how much is unread
    (unix(7), SIOCOUTQ).
    """
    unread = array.array("i", [0])
    for pause in _PAUSES:
        fcntl.ioctl(descriptor, termios.TIOCOUTQ, unread)
        if unread[0] == 0:
            return
        await asyncio.sleep(pause)
