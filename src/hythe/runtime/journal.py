"""A container's log in systemd's journal: one datagram a line, in the journal's native protocol.

A datagram is a list of fields, NAME=value, or, for a value that may hold anything, the name, a newline, the length as
a little-endian 64-bit number, and the value (systemd.io/JOURNAL_NATIVE_PROTOCOL). The fields are those of Docker's
driver. Output also goes to a file of ours, where `docker logs` finds it: so does dockerd for drivers that it cannot
read from.

The journal is never waited for: the warden serves all containers. A line that the socket has no room for is missing
there, and counted in `lost`.
"""

from __future__ import annotations

import socket
import struct

from hythe.runtime.logfile import LogFile
from hythe.runtime.protocol import Log

SOCKET = "/run/systemd/journal/socket"
_LINE_LIMIT = 1 << 14
_PRIORITY = {1: b"6", 2: b"3"}
_LENGTH = struct.Struct("<Q")


class Journal:
    """`lost` counts the lines that the journal did not take."""

    def __init__(self, log: Log) -> None:
        self._file = LogFile(log)
        self._fields = b"".join(
            field(name, value.encode()) for name, value in (log.get("journal") or {}).items()
        )
        self._held = {1: b"", 2: b""}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        self.lost = 0

    def write(self, stream: int, data: bytes) -> None:
        """Send the whole lines of `data`, which is at most 64 KiB, and keep all of it in the file."""
        self._file.write(stream, data)
        *lines, rest = (self._held[stream] + data).split(b"\n")
        for line in lines:
            self._send(stream, line)
        while len(rest) >= _LINE_LIMIT:
            self._send(stream, rest[:_LINE_LIMIT], partial=True)
            rest = rest[_LINE_LIMIT:]
        self._held[stream] = rest

    def _send(self, stream: int, line: bytes, *, partial: bool = False) -> None:
        if not line:
            return
        more = field("CONTAINER_PARTIAL_MESSAGE", b"true") if partial else b""
        packet = field("MESSAGE", line) + field("PRIORITY", _PRIORITY[stream]) + more + self._fields
        try:
            self._socket.sendto(packet, SOCKET)
        except OSError:
            self.lost += 1

    def close(self) -> None:
        for stream, held in self._held.items():
            self._send(stream, held)
        self._held = {1: b"", 2: b""}
        self._socket.close()
        self._file.close()


def field(name: str, value: bytes) -> bytes:
    """One field, with its value as it is."""
    return b"%b\n%b%b\n" % (name.encode(), _LENGTH.pack(len(value)), value)
