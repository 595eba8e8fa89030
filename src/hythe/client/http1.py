"""HTTP/1.1 from the client's side, on a connected stream socket: as much as the Engine API needs.

A `Connection` sends one request and gives the response's head and a readable body, decoded from
Content-Length, chunked, or until-close framing. After a whole body it may be used again. For an upgraded
connection (101, or docker's older 200 without a length) the body simply is everything that follows, and
the socket can be written to and half-closed. Why not http.client: importing it costs 25 ms (email, ssl,
random), which is half of what `hythe ps` may take, and it may close a socket that has been upgraded.

TLS is `tls.TlsSocket`, which takes the socket's place. Kept out: redirects, compression, and which errors mean what
(`failures`).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from hythe.client.address import Address
from hythe.errors import Unavailable

if TYPE_CHECKING:
    from hythe.client.tls_socket import TlsSocket

_CHUNK: Final = 64 * 1024
_MAX_LINE: Final = 64 * 1024
NO_BODY: Final = frozenset({204, 304})
"""Statuses that never have one (RFC 9110, 6.4.1)."""

Body = bytes | IO[bytes] | Iterable[bytes] | None


class Head(NamedTuple):
    """A status line and headers; header names are in lower case."""

    status: int
    reason: str
    headers: dict[str, str]


class Connection:
    """One connection to a daemon. Not safe for use by two threads at once, but for `hijacked` sockets."""

    def __init__(self, address: Address, timeout: float | None) -> None:
        self.address = address
        self.socket = _connect(address, timeout)
        self._file = BufferedReader(self.socket.makefile("rb", 0), _CHUNK)
        self.reusable = False

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def stale(self) -> bool:
        """Has the peer closed an idle connection (or sent what nobody asked for)?"""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) is not None
        except BlockingIOError:
            return False
        except OSError:
            return True

    def send(self, method: str, target: str, headers: Mapping[str, str], body: Body) -> None:
        """Send a request; a body that is not bytes goes out in chunks as it is read."""
        self.reusable = False
        if body is None or isinstance(body, bytes):
            self.socket.sendall(framed(self.address, method, target, headers, body))
            return
        self.socket.sendall(framed(self.address, method, target, headers, None, chunked=True))
        for piece in pieces(body):
            self.socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.socket.sendall(b"0\r\n\r\n")

    def receive(self) -> Head:
        """The head of the response; interim 1xx answers but 101 are skipped."""
        while True:
            code, reason = status_line(self._line(), self.address)
            headers: dict[str, str] = {}
            while line := self._line():
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            if code >= 200 or code == 101:
                return Head(code, reason, headers)

    def body(self, head: Head, method: str) -> Iterator[bytes]:
        """The decoded body in pieces as they arrive; `reusable` is set when all of it has been read."""
        keep = "close" not in head.headers.get("connection", "").lower()
        if method == "HEAD" or head.status in NO_BODY:
            self.reusable = keep
            return
        if "chunked" in head.headers.get("transfer-encoding", "").lower():
            yield from self._chunks()
        elif "content-length" in head.headers:
            yield from self._counted(int(head.headers["content-length"]))
        else:
            while data := self._file.read1(_CHUNK):
                yield data
            keep = False
        self.reusable = keep

    def read_raw(self) -> bytes:
        """What has arrived on an upgraded connection, b"" at its end; blocks for the first byte."""
        return self._file.read1(_CHUNK)

    def _line(self) -> str:
        line = self._file.readline(_MAX_LINE)
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the connection ended before an answer")
        return line.decode("latin-1").rstrip("\r\n")

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._line().partition(";")[0], 16):
            yield from self._counted(size)
            self._line()
        while self._line():
            pass

    def _counted(self, left: int) -> Iterator[bytes]:
        while left:
            data = self._file.read1(min(left, _CHUNK))
            if not data:
                raise ConnectionResetError("the connection ended within an answer")
            left -= len(data)
            yield data


def _connect(address: Address, timeout: float | None) -> socket.socket | TlsSocket:
    if not address.path:
        return _over_tcp(address, timeout)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        connection.settimeout(timeout)
        connection.connect(address.path)
    except BaseException:
        connection.close()
        raise
    return connection


def _over_tcp(address: Address, timeout: float | None) -> socket.socket | TlsSocket:
    plain = socket.create_connection((address.host, address.port), timeout)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address.tls is None:
        return plain
    try:
        from hythe.client.tls_socket import TlsSocket

        return TlsSocket(plain, address)
    except BaseException:
        plain.close()
        raise


def framed(
    address: Address, method: str, target: str, headers: Mapping[str, str], body: bytes | None,
    *, chunked: bool = False,
) -> bytes:  # fmt: skip
    """A request with its body; `chunked`: only its head, chunks follow."""
    payload = body or b""
    fields = {"Host": address.host or "hythe", "User-Agent": "hythe", **headers}
    if chunked:
        fields["Transfer-Encoding"] = "chunked"
    elif payload or method in ("POST", "PUT"):
        fields["Content-Length"] = str(len(payload))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + payload


def status_line(line: str, address: Address) -> tuple[int, str]:
    """(status, reason). Raises Unavailable for what is no HTTP."""
    version, _, rest = line.partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or not code.isdigit():
        raise Unavailable(f"what answers at {address} does not speak HTTP")
    return int(code), reason


def pieces(body: IO[bytes] | Iterable[bytes]) -> Iterator[bytes]:
    """Non-empty pieces of a file or an iterable (an empty chunk would end the request)."""
    read = getattr(body, "read", None)
    source = iter(lambda: read(_CHUNK), b"") if read else iter(body)
    return (piece for piece in source if piece)
