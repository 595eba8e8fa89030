"""socket: unix sockets, and descriptors sent over them, on the C module below it."""
# mypy: ignore-errors

from __future__ import annotations

import _socket
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_CLOEXEC, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET

from hythe.runtime.quick import lacking

__all__ = [
    "AF_UNIX", "SCM_RIGHTS", "SOCK_CLOEXEC", "SOCK_SEQPACKET", "SOCK_STREAM", "SOL_SOCKET", "recv_fds", "send_fds",
    "socket", "socketpair",
]  # fmt: skip
_FD = 4
_ORDER = sys.byteorder


class socket(_socket.socket):
    """With `accept` and `with`."""

    def accept(self):
        fd, address = self._accept()
        return socket(self.family, self.type, self.proto, fileno=fd), address

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def socketpair(family=AF_UNIX, type=SOCK_STREAM, proto=0):
    return tuple(
        socket(one.family, one.type, one.proto, fileno=one.detach())
        for one in _socket.socketpair(family, type, proto)
    )


def send_fds(sock, buffers, fds, flags=0, address=None):
    data = b"".join(fd.to_bytes(_FD, _ORDER) for fd in fds)
    return sock.sendmsg(buffers, [(SOL_SOCKET, SCM_RIGHTS, data)], flags)


def recv_fds(sock, size, most, flags=0):
    data, extra, flags, address = sock.recvmsg(size, _socket.CMSG_LEN(most * _FD), flags)
    fds = []
    for level, kind, found in extra:
        if level == SOL_SOCKET and kind == SCM_RIGHTS:
            fds += [
                int.from_bytes(found[at : at + _FD], _ORDER) for at in range(0, len(found) - _FD + 1, _FD)
            ]
    return data, fds, flags, address


def __getattr__(name):
    try:
        return getattr(_socket, name)
    except AttributeError:
        return lacking("socket", name)
