"""TLS to a daemon, with both directions ending on their own.

Python's SSLSocket, and asyncio's transport alike, cannot end the writing and still read, and that is how a program in
a container is told that its input is over. So the encryption is apart from the connection: an SSLObject between two
buffers (`Encryption`), and whoever holds the connection carries the bytes: `tls_socket` for threads,
`drivers.tls_aio` for asyncio.

Kept out: where certificates are (`address.Tls` names the files, `context_store` keeps a context's).
"""

from __future__ import annotations

import ssl

from hythe.client.address import Address, Tls
from hythe.errors import SystemProblem

PIECE = 64 * 1024


class Encryption:
    """One connection's state. What it gives is to be sent in that order; what has arrived is to be put in."""

    def __init__(self, address: Address) -> None:
        assert address.tls is not None
        self._arriving, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = context_of(address.tls)
        self._tls = context.wrap_bio(self._arriving, self._leaving, server_hostname=address.host)
        self._ahead = bytearray()

    def handshake(self) -> bool:
        """Go on with it; whether it is done. Either way `leaving` is to be sent. Raises ssl.SSLError."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def leaving(self) -> bytes:
        """What is to be sent."""
        return self._leaving.read()

    def put(self, data: bytes) -> None:
        """What has arrived, b"" at the end."""
        if data:
            self._arriving.write(data)
        else:
            self._arriving.write_eof()

    def encrypt(self, data: bytes | memoryview) -> bytes:
        if data:
            self._tls.write(data)
        return self.leaving()

    def take(self, size: int) -> bytes | None:
        """Decrypted bytes, b"" at the end, None when more has to arrive first. Raises ssl.SSLError."""
        if self._ahead:
            data = bytes(self._ahead[:size])
            del self._ahead[:size]
            return data
        try:
            return self._tls.read(size)
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def end_writing(self) -> bytes:
        """The closing alert. What has been decrypted is taken out before: OpenSSL throws away what comes after."""
        try:
            while data := self._tls.read(PIECE):
                self._ahead += data
        except ssl.SSLError:
            pass  # there is no more
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # it waits for the other side's end, which comes when the output is over
        return self.leaving()


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
