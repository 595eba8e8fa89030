"""A seccomp agent (seccomp_unotify(2)): it notes what it is told, answers mkdir with EXDEV and lets all else go on."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTIFICATION, _ANSWER = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
_CONTINUE = 1
_MKDIR = {"x86_64": (83, 258), "aarch64": (34,)}[os.uname().machine]


class Agent:
    """`told`: container process states, in their order; `asked`: numbers of the calls that it has answered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[dict[str, Any]] = []
        self.asked: set[int] = set()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                packet, fds, _, _ = socket.recv_fds(connection, 1 << 16, 4)
            self.told.append(json.loads(packet))
            threading.Thread(target=self._answer, args=(fds[0],), daemon=True).start()

    def _answer(self, fd: int) -> None:
        waiting = select.poll()
        waiting.register(fd, select.POLLIN)
        while not waiting.poll()[0][1] & select.POLLHUP:
            request = bytearray(_NOTIFICATION.size)
            try:
                fcntl.ioctl(fd, _RECEIVE, request)
                id, _, _, number, *_ = _NOTIFICATION.unpack(request)
                self.asked.add(number)
                answer = (-errno.EXDEV, 0) if number in _MKDIR else (0, _CONTINUE)
                fcntl.ioctl(fd, _SEND, _ANSWER.pack(id, 0, *answer))
            except OSError as error:
                if error.errno != errno.ENOENT:  # the one who asked has been killed
                    raise
        os.close(fd)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def profile(self, *names: str, **changes: Any) -> dict[str, Any]:
        """One that has this agent answer mkdir and the calls `names`."""
        rule = {"names": ["mkdir", "mkdirat", *names], "action": "SCMP_ACT_NOTIFY"}
        return {
            "defaultAction": "SCMP_ACT_ALLOW",
            "listenerPath": str(self.path),
            "listenerMetadata": "marker",
            "syscalls": [rule],
        } | changes


@contextmanager
def listening(folder: Path) -> Iterator[Agent]:
    """An agent, ended afterwards."""
    agent = Agent(folder / "agent.sock")
    try:
        yield agent
    finally:
        agent.close()
