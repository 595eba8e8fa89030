"""The helper that stays in the host's namespaces for as long as somebody is in the daemon's.

It holds the namespaces by descriptor, so that a daemon that is started again finds them, gives the daemon sockets
that are bound to the host's ports, and owns the program that is the way out. A packet is one JSON object with
descriptors: "join" -> the namespaces and a lifeline; "bind" -> a socket. A lifeline is a pipe whose writing end
whoever is inside holds open, the daemon and its warden; the keeper ends when all of them have ended.
"""

from __future__ import annotations

import errno
import json
import os
import selectors
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from hythe.base.sockets import bound
from hythe.daemon.rootless import ids, uplink
from hythe.errors import HytheError
from hythe.kernel import process
from hythe.kernel.usernamespaces import Mapping
from hythe.network.holders import process_with, socket_inodes

PACKET: Final = 1 << 16
KINDS: Final = ("user", "mnt", "net")
_READ: Final = selectors.EVENT_READ


class Order(NamedTuple):
    """What the first daemon wants: `path` is where to listen; `mapping` is None where it writes its own."""

    pid: int
    path: Path
    inode: int
    mapping: Mapping | None


def run(order: Order, first: socket.socket, listener: socket.socket) -> int:
    """The keeper's whole life, in a process forked for it; the exit code. Without streams and terminal."""
    os.setsid()
    process.set_name("hythe-keeper")
    process.become_subreaper()
    if first.recv(PACKET) != b"made":
        return 1
    try:
        if order.mapping is not None:
            ids.write_subordinate(order.pid, order.mapping)
        namespaces = [os.open(f"/proc/{order.pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in KINDS]
        way = uplink.start(order.pid)
    except (HytheError, OSError) as error:
        hint = error.hint if isinstance(error, HytheError) else None
        text = error.message if isinstance(error, HytheError) else str(error)
        first.send(json.dumps({"error": text, "hint": hint}).encode())
        return 1
    try:
        _Keeper(namespaces, way, first, listener).serve()
    finally:
        with suppress(FileNotFoundError):
            if order.path.stat().st_ino == order.inode:
                order.path.unlink()
        listener.close()
        way.stop()
    return 0


class _Keeper:
    def __init__(
        self, namespaces: list[int], way: uplink.Uplink, first: socket.socket, listener: socket.socket
    ) -> None:
        self._namespaces, self._way = namespaces, way
        self._selector = selectors.DefaultSelector()
        self._lifelines: set[int] = set()
        self._selector.register(listener, _READ, self._accept)
        self._selector.register(first, _READ, self._request)
        self._welcome(first, with_namespaces=False)

    def serve(self) -> None:
        """Until nobody is inside."""
        while self._lifelines:
            for key, _ in self._selector.select():
                key.data(key.fileobj)

    def _accept(self, listener: socket.socket) -> None:
        line, _ = listener.accept()
        self._selector.register(line, _READ, self._request)

    def _request(self, line: socket.socket) -> None:
        try:
            packet = line.recv(PACKET)
            if packet:
                self._answer(line, json.loads(packet))
                return
        except (OSError, ValueError) as error:
            print(f"keeper: {error}", file=sys.stderr, flush=True)
        self._selector.unregister(line)
        line.close()

    def _answer(self, line: socket.socket, request: dict[str, Any]) -> None:
        if request["op"] == "join":
            self._welcome(line, with_namespaces=True)
            return
        try:
            with bound(request["address"], request["protocol"], request["port"]) as held:
                socket.send_fds(line, [b"{}"], [held.fileno()])
        except OSError as error:
            holder = None
            if error.errno == errno.EADDRINUSE:
                holder = process_with(socket_inodes(request["protocol"], request["port"]))
            line.send(json.dumps({"errno": error.errno, "holder": holder}).encode())

    def _welcome(self, line: socket.socket, *, with_namespaces: bool) -> None:
        """What there is, and a lifeline of its own."""
        told, held = os.pipe2(os.O_CLOEXEC)
        words = {"uplink": self._way.kind, "servers": self._way.servers, "warning": self._way.warning}
        fds = [held, *(self._namespaces if with_namespaces else ())]
        try:
            socket.send_fds(line, [json.dumps(words).encode()], fds)
        finally:
            os.close(held)
        self._lifelines.add(told)
        self._selector.register(told, _READ, self._let_go)

    def _let_go(self, told: int) -> None:
        self._selector.unregister(told)
        self._lifelines.discard(told)
        os.close(told)
