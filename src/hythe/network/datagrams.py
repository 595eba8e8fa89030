r"""UDP that reaches the daemon's own sockets, passed on to the container: where no packet filter rewrites it.

    client A --\                  /-- socket for A --> container
                 the port's socket
    client B --/                  \-- socket for B --> container

A client is an address and port; it gets a socket of its own towards the container, so that answers find their way
back. One that has been silent for IDLE seconds loses it. One thread (`relaying`) serves all; what a socket cannot
take at once is dropped, as UDP does.
"""

from __future__ import annotations

import logging
import selectors
import socket
import time
from contextlib import suppress
from typing import Any, Final

from hythe.network.relaying import RelayThread

_log = logging.getLogger(__name__)
IDLE: Final = 120.0
_MOST: Final = 1024
_SIZE: Final = 65535
_BURST: Final = 64


class _Port:
    """A published port: its socket, where it leads, and the clients, the longest silent one first."""

    def __init__(self, held: socket.socket, target: tuple[str, int]) -> None:
        self.held, self.target = held, target
        self.clients: dict[Any, _Client] = {}


class _Client:
    def __init__(self, port: _Port, address: Any) -> None:
        self.port, self.address = port, address
        self.last = time.monotonic()
        self.line = socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        self.line.connect(port.target)


class DatagramRelay(RelayThread):
    def __init__(self) -> None:
        super().__init__("datagram-relay")
        self._ports: dict[socket.socket, _Port] = {}

    def add(self, held: socket.socket, target: tuple[str, int]) -> None:
        """Relay what arrives at `held` to the (address, port) `target`; the relay now owns the socket."""
        self._order(lambda: self._listen(_Port(held, target)))

    # ---- on the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select(self._patience()):
                if key.data is None:
                    self._obey()
                elif isinstance(key.data, _Port):
                    self._from_clients(key.data)
                else:
                    self._from_container(key.data)
            self._end_silent()
        for held in list(self._ports):
            self._forget(held)
            held.close()

    def _listen(self, port: _Port) -> None:
        self._ports[port.held] = port
        self._selector.register(port.held, selectors.EVENT_READ, port)

    def _from_clients(self, port: _Port) -> None:
        for _ in range(_BURST):
            try:
                data, address = port.held.recvfrom(_SIZE)
            except OSError:  # nothing more, or the news that an answer could not be delivered
                return
            try:
                client = port.clients.pop(address, None) or self._welcome(port, address)
            except OSError as error:
                _log.warning("datagram relay: %s", error)
                return
            client.last = time.monotonic()
            port.clients[address] = client
            with suppress(OSError):
                client.line.send(data)

    def _welcome(self, port: _Port, address: Any) -> _Client:
        if len(port.clients) >= _MOST:
            self._end(next(iter(port.clients.values())))
        client = _Client(port, address)
        self._selector.register(client.line, selectors.EVENT_READ, client)
        return client

    def _from_container(self, client: _Client) -> None:
        for _ in range(_BURST):
            if client.line.fileno() < 0:
                return  # ended earlier in this round
            try:
                data = client.line.recv(_SIZE)
            except OSError:  # nothing more, or the news that nobody listens in the container
                return
            client.last = time.monotonic()
            with suppress(OSError):
                client.port.held.sendto(data, client.address)

    def _patience(self) -> float | None:
        """Seconds until the next client may have been silent for too long."""
        oldest = [next(iter(port.clients.values())).last for port in self._ports.values() if port.clients]
        return max(0.1, min(oldest) + IDLE - time.monotonic()) if oldest else None

    def _end_silent(self) -> None:
        before = time.monotonic() - IDLE
        for port in self._ports.values():
            for client in list(port.clients.values()):
                if client.last < before:
                    self._end(client)

    def _end(self, client: _Client) -> None:
        client.port.clients.pop(client.address, None)
        self._selector.unregister(client.line)
        client.line.close()

    def _forget(self, held: socket.socket) -> None:
        port = self._ports.pop(held, None)
        if port is not None:
            for client in list(port.clients.values()):
                self._end(client)
            self._selector.unregister(held)
