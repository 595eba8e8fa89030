"""A socket with TLS on it, as much of one as `http1.Connection` uses; the twin of `drivers.tls_aio`."""

from __future__ import annotations

import io
import socket
import threading

from hythe.client.address import Address
from hythe.client.tls import PIECE, Encryption


class TlsSocket:
    """One thread may read while another writes. Raises ssl.SSLError, an OSError, when the peer is not trusted."""

    def __init__(self, plain: socket.socket, address: Address) -> None:
        self._plain = plain
        self._encryption = Encryption(address)
        self._engine, self._sending = threading.Lock(), threading.Lock()
        self._handshake()

    def _handshake(self) -> None:
        done = False
        while not done:
            try:
                done = self._encryption.handshake()
            finally:
                self._plain.sendall(self._encryption.leaving())
            if not done:
                self._encryption.put(self._plain.recv(PIECE))

    def makefile(self, _mode: str, _buffering: int) -> io.RawIOBase:
        return _Reader(self)

    def sendall(self, data: bytes | memoryview) -> None:
        with self._sending:
            with self._engine:
                encrypted = self._encryption.encrypt(data)
            self._plain.sendall(encrypted)

    def receive(self, size: int) -> bytes:
        """What has arrived, b"" at the end; blocks for the first byte."""
        while True:
            with self._engine:
                data = self._encryption.take(size)
            if data is not None:
                return data
            arrived = self._plain.recv(PIECE)
            with self._engine:
                self._encryption.put(arrived)

    def shutdown(self, _how: int) -> None:
        """End the writing half."""
        with self._sending:
            with self._engine:
                encrypted = self._encryption.end_writing()
            self._plain.sendall(encrypted)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Only to ask whether anything has come on an idle connection."""
        return self._plain.recv(size, flags)

    def fileno(self) -> int:
        return self._plain.fileno()

    def setblocking(self, flag: bool) -> None:
        self._plain.setblocking(flag)

    def settimeout(self, seconds: float | None) -> None:
        self._plain.settimeout(seconds)

    def close(self) -> None:
        self._plain.close()


class _Reader(io.RawIOBase):
    def __init__(self, stream: TlsSocket) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.receive(len(buffer))
        buffer[: len(data)] = data
        return len(data)
