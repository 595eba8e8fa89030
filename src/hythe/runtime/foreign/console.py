"""The other end of --console-socket: the runtime connects and hands over the terminal's master (SCM_RIGHTS).

The socket's name is reached through a descriptor of its folder in our /proc, for a path in a unix address has 107
bytes at most.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress

from hythe.runtime.loop import IN, Loop


class Console:
    """Listens in `folder` until `close`; `on_master` is called at most once and owns what it is given."""

    def __init__(self, loop: Loop, folder: str, name: str, on_master: Callable[[int], None]) -> None:
        self._loop = loop
        self._on_master = on_master
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._file = f"{folder}/{name}"
        self.path = f"/proc/{os.getpid()}/fd/{self._folder}/{name}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.bind(self.path)
        self._socket.listen(1)
        self._peer: socket.socket | None = None
        loop.add(self._socket.fileno(), IN, lambda _: self.collect())

    def collect(self) -> None:
        """Take what is there: a connection, then the descriptor. Also to be called when the runtime has ended."""
        if self._peer is None:
            with suppress(BlockingIOError):
                self._peer, _ = self._socket.accept()
                self._peer.setblocking(False)
                self._loop.add(self._peer.fileno(), IN, lambda _: self.collect())
        if self._peer is not None:
            with suppress(BlockingIOError, ConnectionError):
                _, fds, _, _ = socket.recv_fds(self._peer, 1 << 12, 1)
                self._loop.remove(self._peer.fileno())
                for fd in fds:
                    os.set_inheritable(fd, False)
                    self._on_master(fd)

    def close(self) -> None:
        for end in (self._socket, self._peer):
            if end is not None:
                self._loop.close(end.detach())
        with suppress(FileNotFoundError):
            os.unlink(self._file)  # noqa: PTH108
        os.close(self._folder)
