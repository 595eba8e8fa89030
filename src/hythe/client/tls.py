"""TLS to a daemon, with both directions ending on their own.

Python's SSLSocket cannot end its writing and still read, and that is how a program in a container is told that its
input is over. So the encryption is apart from the socket: an SSLObject between two buffers, and here the bytes are
carried between those and the connection. What has been decrypted is taken out before the closing alert is written,
for OpenSSL would throw away what comes after.

Kept out: where certificates are (`address.Tls` names the files, `context_store` keeps a context's).
"""

from __future__ import annotations

import io
import socket
import ssl
import threading

from hythe.client.address import Address, Tls
from hythe.errors import SystemProblem

_PIECE = 64 * 1024


class TlsSocket:
    """As much of a socket as `http1.Connection` uses. One thread may read while another writes."""

    def __init__(self, plain: socket.socket, address: Address) -> None:
        assert address.tls is not None
        self._plain = plain
        self._arriving, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = context_of(address.tls)
        self._tls = context.wrap_bio(self._arriving, self._leaving, server_hostname=address.host)
        self._engine, self._sending = threading.Lock(), threading.Lock()
        self._ahead = bytearray()
        self._handshake()

    def makefile(self, _mode: str, _buffering: int) -> io.RawIOBase:
        return _Reader(self)

    def sendall(self, data: bytes | memoryview) -> None:
        with self._sending:
            with self._engine:
                if data:
                    self._tls.write(data)
                encrypted = self._leaving.read()
            self._plain.sendall(encrypted)

    def receive(self, size: int) -> bytes:
        """What has arrived, b"" at the end; blocks for the first byte."""
        while True:
            with self._engine:
                if self._ahead:
                    data = bytes(self._ahead[:size])
                    del self._ahead[:size]
                    return data
                try:
                    return self._tls.read(size)
                except ssl.SSLWantReadError:
                    pass
                except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                    return b""
            self._take()

    def shutdown(self, _how: int) -> None:
        """End the writing half."""
        with self._sending:
            with self._engine:
                self._take_out()
                try:
                    self._tls.unwrap()
                except ssl.SSLError:
                    pass  # it waits for the other side's end, which comes when the output is over
                encrypted = self._leaving.read()
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

    def _handshake(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._plain.sendall(self._leaving.read())
                self._take()
            else:
                self._plain.sendall(self._leaving.read())
                return

    def _take(self) -> None:
        data = self._plain.recv(_PIECE)
        with self._engine:
            if data:
                self._arriving.write(data)
            else:
                self._arriving.write_eof()

    def _take_out(self) -> None:
        try:
            while data := self._tls.read(_PIECE):
                self._ahead += data
        except ssl.SSLError:
            return  # there is no more


class _Reader(io.RawIOBase):
    def __init__(self, stream: TlsSocket) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.receive(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def context_of(tls: Tls) -> ssl.SSLContext:
    """Raises SystemProblem for files that cannot be read, or are not what they should be."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    if not tls.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    where = ""
    try:
        if tls.ca:
            where = tls.ca
            context.load_verify_locations(tls.ca)
        if tls.cert:
            where = tls.cert
            context.load_cert_chain(tls.cert, tls.key or None)
    except (OSError, ssl.SSLError) as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise SystemProblem(
            f"cannot use the certificate {where}: {reason}",
            hint="--tlscacert, --tlscert and --tlskey name PEM files",
        ) from error
    return context
