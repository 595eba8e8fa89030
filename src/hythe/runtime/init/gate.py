"""Where a created container waits when the process that made it has gone: a listening socket.

The maker binds it in the container's folder before the fork; the child keeps it. After "ready" the maker writes
down that the container exists, says "created" and leaves. The child then accepts on the socket: whoever may
reach it says "start", and the same messages go on over that connection, up to the news that exec succeeded. One
who comes and says nothing (it died) is forgotten, and the next is waited for. The socket lies in a folder of the
maker's own; that the one who connects has the maker's user id is checked besides.
"""

from __future__ import annotations

import os
import socket
import sys

CREATED = b"created"
START = b"start"
_INT = 4


class Gate:
    """The child's side. Owns the listening socket `fd`."""

    def __init__(self, fd: int) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=fd)

    def wait(self, maker: socket.socket) -> socket.socket:
        """The connection of the one who said "start"; ends quietly when the maker dies before "created"."""
        if maker.recv(len(CREATED)) != CREATED:
            os._exit(0)
        owner = _user(maker)
        maker.close()
        while True:
            connection, _ = self._listener.accept()
            if _user(connection) == owner and connection.recv(len(START)) == START:
                self._listener.close()
                return connection
            connection.close()


def _user(connection: socket.socket) -> int:
    """The other end's user id, as seen from this process's user namespace."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 3 * _INT)  # pid, user, group
    return int.from_bytes(data[_INT : 2 * _INT], sys.byteorder, signed=True)
