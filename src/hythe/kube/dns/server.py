"""The sockets of cluster DNS on the node: UDP and TCP on one port of one address.

Which port is the kernel's choice (53 of a node often belongs to somebody else): the Service kube-dns has port 53 and
leads to it, so only the EndpointSlice needs to know.
"""

from __future__ import annotations

import errno
import socket

from hythe.base.sockets import bound
from hythe.errors import SystemProblem
from hythe.kube.dns.answers import Answerer
from hythe.network.dialogue import Dialogue

_ATTEMPTS = 16


class DnsServer:
    """Cluster DNS on `address`; `port` is known from `start` on."""

    def __init__(self, answerer: Answerer, address: str) -> None:
        self._dialogue, self._address = Dialogue(answerer, "cluster DNS"), address
        self.port = 0

    async def start(self, port: int = 0) -> None:
        """Answer from now on; port 0 is any that is free for both protocols. Raises SystemProblem."""
        try:
            datagrams, streams = _pair(self._address, port)
        except OSError as error:
            raise SystemProblem(
                f"cluster DNS cannot listen at {self._address}:{port}: {error.strerror}"
            ) from error
        self.port = datagrams.getsockname()[1]
        await self._dialogue.start(datagrams, streams)

    async def stop(self) -> None:
        await self._dialogue.stop()


def _pair(address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """(UDP, TCP) sockets on the same port: a port that is free for one may be taken for the other."""
    for attempt in range(_ATTEMPTS):
        datagrams = bound(address, "udp", port)
        try:
            return datagrams, bound(address, "tcp", datagrams.getsockname()[1])
        except OSError as error:
            datagrams.close()
            if port or error.errno != errno.EADDRINUSE or attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")
