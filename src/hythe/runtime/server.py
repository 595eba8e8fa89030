"""The warden's socket: connections, packets with descriptors, answers and events.

SEQPACKET on a path that only root may reach, and the peer's user is checked as well (SO_PEERCRED): abstract
sockets would be open to containers in the host's network (CVE-2020-15257). A connection that is gone is
dropped; what it asked for goes on. Packets for a slow reader wait in a bounded queue.
"""

# ruff: noqa: PTH108
from __future__ import annotations

import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from hythe.base.failpoints import reach
from hythe.errors import HytheError, InvalidArgument
from hythe.runtime.loop import IN, OUT, Loop
from hythe.runtime.protocol import PACKET_LIMIT, decode, encode, error_body

_BACKLOG: Final = 64
_QUEUE_LIMIT: Final = 32 << 20
_DESCRIPTORS: Final = 4
_SO_SNDBUFFORCE: Final = 32
_CREDENTIALS: Final = struct.Struct("iII")

Handler = Callable[[dict[str, Any], list[int], "Request"], None]


class Request:
    """One request's way back. Satisfies `task.Answer`: the first answer counts."""

    def __init__(self, connection: Connection, number: object, operation: object = "") -> None:
        self._connection: Connection | None = connection
        self._number = number
        self._operation = operation

    def ok(self, **body: Any) -> None:
        self._answer({"seq": self._number, "ok": body})

    def error(self, error: BaseException) -> None:
        self._answer({"seq": self._number, "error": error_body(error)})

    def _answer(self, message: dict[str, Any]) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            reach(f"warden:{self._operation}:answering")
            connection.send(encode(message))


class Connection:
    """A daemon."""

    def __init__(self, server: Server, peer: socket.socket) -> None:
        self._server = server
        self._socket = peer
        self._queue: deque[bytes] = deque()
        self._size = 0
        self._open = True
        self._waiting = False
        server.loop.add(peer.fileno(), IN, self._happened)

    def send(self, packet: bytes) -> None:
        if not self._open:
            return
        self._queue.append(packet)
        self._size += len(packet)
        if self._size > _QUEUE_LIMIT:
            self.close()
        elif len(self._queue) == 1:
            self._flush()

    def _flush(self) -> None:
        while self._queue:
            try:
                self._socket.send(self._queue[0], socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            except BlockingIOError:
                self._wait(True)
                return
            except OSError:
                self.close()
                return
            self._size -= len(self._queue.popleft())
        self._wait(False)

    def _wait(self, waiting: bool) -> None:
        if waiting != self._waiting:
            self._waiting = waiting
            self._server.loop.change(self._socket.fileno(), IN | OUT if waiting else IN)

    def _happened(self, events: int) -> None:
        if events & OUT:
            self._flush()
        if self._open and events & ~OUT:
            self._receive()

    def _receive(self) -> None:
        flags = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
        space = socket.CMSG_SPACE(_DESCRIPTORS * 4)
        try:
            length, ancillary, got, _ = self._socket.recvmsg_into([self._server.buffer], space, flags)
        except BlockingIOError:
            return
        except OSError:
            length, ancillary, got = 0, [], 0
        fds = [
            fd
            for level, kind, data in ancillary
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS
            for fd in struct.unpack(f"{len(data) // 4}i", data)
        ]
        if not length:
            self.close()
            return
        self._dispatch(
            self._server.buffer[:length], fds, truncated=bool(got & (socket.MSG_TRUNC | socket.MSG_CTRUNC))
        )

    def _dispatch(self, packet: bytearray, fds: list[int], *, truncated: bool) -> None:
        """The handler takes the descriptors out of `fds` that it keeps; the rest is closed."""
        number: object = None
        try:
            if truncated:
                raise InvalidArgument(f"the packet is longer than {PACKET_LIMIT} bytes")
            message = decode(packet)
            number = message.get("seq")
            reach(f"warden:{message.get('op')}:received")
            self._server.handler(message, fds, Request(self, number, message.get("op")))
        except (HytheError, OSError, KeyError, TypeError, ValueError) as error:
            Request(self, number).error(error)
        finally:
            for fd in fds:
                os.close(fd)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._queue.clear()
            self._server.gone(self)
            self._server.loop.close(self._socket.detach())


class Server:
    """Listens on `path`; `handler` is called for every request."""

    def __init__(self, loop: Loop, path: str, handler: Handler) -> None:
        self.loop = loop
        self.handler = handler
        self.buffer = bytearray(PACKET_LIMIT)  # its pages are only there once a packet has filled them
        self._path = path
        self._connections: list[Connection] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        mask = os.umask(0o177)
        try:
            self._socket.bind(path)
        finally:
            os.umask(mask)
        self._socket.listen(_BACKLOG)
        self._socket.setblocking(False)
        loop.add(self._socket.fileno(), IN, lambda _: self._accept())

    def _accept(self) -> None:
        try:
            peer, _ = self._socket.accept()
        except OSError:
            return
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        if _CREDENTIALS.unpack(credentials)[1] not in (0, os.geteuid()):
            peer.close()
            return
        try:
            peer.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, 4 * PACKET_LIMIT)
        except PermissionError:
            pass  # without CAP_NET_ADMIN long answers are bounded by the system's default
        self._connections.append(Connection(self, peer))

    def broadcast(self, event: dict[str, Any]) -> None:
        """Send an event to every connection."""
        packet = encode(event)
        for connection in list(self._connections):
            connection.send(packet)

    def gone(self, connection: Connection) -> None:
        self._connections.remove(connection)

    def close(self) -> None:
        """Stop listening and take the path away."""
        self.loop.close(self._socket.detach())
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            pass
