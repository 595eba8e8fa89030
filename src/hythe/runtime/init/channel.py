"""The line between a child being set up and the warden: typed messages on a SEQPACKET socket pair.

The child says "namespaces" (they exist), "mounted" (where there are hooks: it waits for "proceed"), "ready" (all
is set up; with a terminal's descriptor where it has one), "listener" (a filter that notifies has been installed: it
waits for "proceed") and "error"; the warden says "start". The socket is
close-on-exec: its end without an error is the news that exec succeeded. An exception that reaches the top of
the child becomes an "error" with all its fields.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any, Final

from hythe.runtime.init.gate import Gate
from hythe.runtime.protocol import error_body

START: Final = b"start"
PROCEED: Final = b"proceed"
_PACKET: Final = 1 << 16


class Channel:
    """The child's end. Owns `fd`. With a `gate`, "start" comes through that, from another process."""

    gate: Gate | None = None

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=fd)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, kind: str, fd: int | None = None, **body: Any) -> None:
        packet = json.dumps({"kind": kind, **body}).encode()[:_PACKET]
        if fd is None:
            self._socket.send(packet)
        else:
            socket.send_fds(self._socket, [packet], [fd])

    def fail(self, error: BaseException) -> None:
        """Tell why; nobody may be listening any more."""
        try:
            self.send("error", error=error_body(error))
        except OSError:
            pass

    def wait_start(self) -> None:
        """Wait for "start"; end quietly when the warden is gone or has closed the line."""
        if self.gate is not None:
            self._socket = self.gate.wait(self._socket)
        elif self._socket.recv(len(START)) != START:
            os._exit(0)

    def wait_hooks(self) -> str:
        """Wait until the hooks of the runtime's side have run: the state. End quietly when they have failed."""
        packet = self._socket.recv(_PACKET)
        if not packet.startswith(PROCEED):
            os._exit(0)
        return packet.removeprefix(PROCEED).decode()

    def give_listener(self, number: int) -> None:
        """Have the other end take descriptor `number`, which then is closed here. End quietly when it cannot.

        The first call is write(2), which no filter notifies of; the others may wait for who has the descriptor then.
        """
        fd = self._socket.fileno()
        os.write(fd, b'{"kind": "listener", "number": %d}' % number)
        if os.read(fd, len(PROCEED)) != PROCEED:
            os._exit(0)
        os.close(number)

    def receive(self, limit: int) -> tuple[bytes, list[int]]:
        """One packet of at most `limit` bytes, and its descriptors; b"" when the warden is gone."""
        packet, fds, _, _ = socket.recv_fds(self._socket, limit, 3)
        return packet, fds

    def close(self) -> None:
        self._socket.close()
