"""Connections that reach the daemon's own listening sockets, passed on to the container.

IPv4 is rewritten in the kernel and never comes here. What does: IPv6 (`localhost` is ::1 first on many
hosts), and IPv4 should somebody flush the packet filter. One thread serves all of them with epoll; bytes move
from socket to pipe to socket by splice(2) and never enter the interpreter.

    client socket --splice--> pipe --splice--> container socket
                  <--splice-- pipe <--splice--

Each direction ends on its own (half-close): EOF on one side becomes shutdown(SHUT_WR) on the other.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
from contextlib import suppress

from hythe.network.relaying import RelayThread

_log = logging.getLogger(__name__)
_CHUNK = 1 << 20
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class _Direction:
    """Bytes from `source` to `sink`: `held` of them wait in the pipe."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source, self.sink = source, sink
        self.out, self.into = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.held, self.ended, self.finished = 0, False, False

    def pump(self) -> None:
        """Move what can be moved without waiting."""
        while not self.finished:
            progress = self._fill() + self._empty()
            if self.ended and not self.held:
                self.finished = True
                with suppress(OSError):
                    self.sink.shutdown(socket.SHUT_WR)
            if not progress:
                return

    def _fill(self) -> int:
        if self.ended or self.held:
            return 0
        try:
            count = os.splice(self.source.fileno(), self.into, _CHUNK, flags=os.SPLICE_F_NONBLOCK)
        except BlockingIOError:
            return 0
        self.ended = count == 0
        self.held += count
        return count

    def _empty(self) -> int:
        if not self.held:
            return 0
        try:
            count = os.splice(self.out, self.sink.fileno(), self.held, flags=os.SPLICE_F_NONBLOCK)
        except BlockingIOError:
            return 0
        self.held -= count
        return count

    def close(self) -> None:
        os.close(self.out)
        os.close(self.into)


class _Connection:
    """A client and its container."""

    def __init__(self, client: socket.socket, target: socket.socket) -> None:
        self.client, self.target = client, target
        self.connected = False
        self.directions = (_Direction(client, target), _Direction(target, client))

    @property
    def finished(self) -> bool:
        return all(direction.finished for direction in self.directions)

    def interest(self, which: socket.socket) -> int:
        """What to wait for on one of the two sockets."""
        if not self.connected:
            return _WRITE if which is self.target else 0
        events = 0
        for direction in self.directions:
            if direction.source is which and not direction.ended and not direction.held:
                events |= _READ
            if direction.sink is which and direction.held:
                events |= _WRITE
        return events

    def advance(self) -> None:
        """Move bytes; raises OSError when either side is broken."""
        if not self.connected:
            error = self.target.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error))
            self.connected = True
        for direction in self.directions:
            direction.pump()

    def close(self) -> None:
        for direction in self.directions:
            direction.close()
        self.client.close()
        self.target.close()


class Relay(RelayThread):
    """Accepts on the given sockets. Connections go on when their listener is removed."""

    def __init__(self) -> None:
        super().__init__("port-relay")

    def add(self, listener: socket.socket, target: tuple[str, int]) -> None:
        """Relay what `listener` accepts to the (address, port) `target`; the relay now owns the socket."""
        self._order(lambda: self._listen(listener, target))

    # ---- on the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._obey()
                elif isinstance(key.data, _Connection):
                    self._serve(key.data)
                else:
                    self._accept(key.fileobj, key.data)
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Connection):
                self._drop(key.data)
            elif isinstance(key.fileobj, socket.socket):
                key.fileobj.close()

    def _listen(self, listener: socket.socket, target: tuple[str, int]) -> None:
        self._selector.register(listener, _READ, target)

    def _accept(self, listener: object, address: tuple[str, int]) -> None:
        assert isinstance(listener, socket.socket)
        try:
            client, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError as error:
            _log.warning("port relay: %s", error)
            return
        client.setblocking(False)
        target = socket.socket(
            socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        for each in (client, target):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        target.connect_ex(address)
        connection = _Connection(client, target)
        self._selector.register(target, _WRITE, connection)

    def _serve(self, connection: _Connection) -> None:
        if connection.client.fileno() < 0:
            return  # dropped earlier in this round
        try:
            connection.advance()
        except OSError:
            self._drop(connection)
            return
        if connection.finished:
            self._drop(connection)
            return
        for each in (connection.client, connection.target):
            self._watch(each, connection)

    def _watch(self, which: socket.socket, connection: _Connection) -> None:
        wanted = connection.interest(which)
        current = self._selector.get_map().get(which)
        if current is None:
            if wanted:
                self._selector.register(which, wanted, connection)
        elif not wanted:
            self._selector.unregister(which)
        elif current.events != wanted:
            self._selector.modify(which, wanted, connection)

    def _drop(self, connection: _Connection) -> None:
        self._forget(connection.client)
        self._forget(connection.target)
        connection.close()

    def _forget(self, which: socket.socket) -> None:
        if which.fileno() >= 0 and which in self._selector.get_map():
            self._selector.unregister(which)
