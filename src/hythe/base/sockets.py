"""One way to take a port of the host: for the daemon itself, and for the helper that does it for a rootless one."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

TYPES: Final = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_BACKLOG: Final = 1024

Bind = Callable[[str, str, int], socket.socket]
"""As `bound`; of another network namespace, maybe."""


class Taken(OSError):
    """Somebody else has the port: `holder` is (pid, name) where whoever was asked to bind it could tell."""

    def __init__(self, number: int, text: str, holder: tuple[int, str] | None) -> None:
        super().__init__(number, text)
        self.holder = holder


def bound(address: str, protocol: str, port: int) -> socket.socket:
    """A socket on `address` that does not block, listening if it is TCP's; port 0 is the kernel's choice.

    Raises OSError. An IPv6 address means IPv6 alone.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    held = socket.socket(family, TYPES[protocol] | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        if family == socket.AF_INET6:
            held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if protocol == "tcp":
            # Not to share the port, but to take it while old connections are in TIME_WAIT.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((address, port))
        if protocol == "tcp":
            held.listen(_BACKLOG)
    except BaseException:
        held.close()
        raise
    return held
