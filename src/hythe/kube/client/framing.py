"""HTTP/1.1 answers from the client's side, without I/O: bytes in, a head and decoded pieces of the body out.

A `Reader` reads one answer after another on a connection. The body's end is known by Content-Length, by chunks, or by
the end of the connection, in RFC 9112's order (section 6.3). Nothing is buffered but an unfinished line or head,
which are bounded. Kept out: sockets (`connection`), what errors mean (`failures`), compression, trailers (read and
dropped).
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from hythe.errors import Unavailable

_MAX_HEAD: Final = 64 * 1024
_NO_BODY: Final = frozenset({204, 304})


class Head(NamedTuple):
    """A status line and headers; header names are in lower case."""

    status: int
    reason: str
    headers: dict[str, str]


class Reader:
    """One answer: `head` once it is there, `complete` once all of the body has been given out."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self.complete = False
        self._buffer = bytearray()
        self._left: int | None = (
            None  # of a counted body or of the present chunk; None: until the connection ends
        )
        self._chunked = False
        self._within = False  # a chunk, or the line break behind it

    @property
    def reusable(self) -> bool:
        """May the connection carry another request?"""
        if self.head is None or not self.complete or self._buffer:
            return False
        counted = self._chunked or self._left is not None
        return counted and "close" not in self.head.headers.get("connection", "").lower()

    def feed(self, data: bytes) -> list[bytes]:
        """The pieces of the body in what has arrived. Raises Unavailable for what is no HTTP."""
        self._buffer += data
        if self.head is None and not self._read_head():
            return []
        return self._read_chunks() if self._chunked else self._read_plain()

    def end(self) -> None:
        """The connection has ended. Raises ConnectionResetError when the answer has not."""
        if self.complete:
            return
        if self.head is None:
            raise ConnectionResetError("the connection ended before an answer")
        if self._chunked or self._left:
            raise ConnectionResetError("the connection ended within an answer")
        self.complete = True

    def _read_head(self) -> bool:
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            lines = self._buffer[:end].decode("latin-1").split("\r\n")
            del self._buffer[: end + 4]
            head = _head(lines)
            if head.status >= 200 or head.status == 101:  # other 1xx are interim
                self._begin(head)
                return True
        if len(self._buffer) > _MAX_HEAD:
            raise Unavailable("the answer's headers are too long")
        return False

    def _begin(self, head: Head) -> None:
        self.head = head
        if head.status in _NO_BODY:
            self._left = 0
        elif "chunked" in head.headers.get("transfer-encoding", "").lower():
            self._chunked, self._left = True, 0
        elif "content-length" in head.headers:
            self._left = _number(head.headers["content-length"], 10)
        self.complete = self._left == 0 and not self._chunked

    def _read_plain(self) -> list[bytes]:
        if self.complete or not self._buffer:
            return []
        size = len(self._buffer) if self._left is None else min(self._left, len(self._buffer))
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        if self._left is not None:
            self._left -= size
            self.complete = self._left == 0
        return [piece]

    def _read_chunks(self) -> list[bytes]:
        pieces: list[bytes] = []
        at = 0
        while not self.complete:
            if self._left:
                piece = bytes(self._buffer[at : at + self._left])
                if not piece:
                    break
                pieces.append(piece)
                at, self._left = at + len(piece), self._left - len(piece)
                continue
            end = self._buffer.find(b"\r\n", at)
            if end < 0:
                break
            line, at = self._buffer[at:end], end + 2
            self._take_line(line)
        del self._buffer[:at]
        if not self._left and len(self._buffer) > _MAX_HEAD:
            raise Unavailable("the answer has a line that is too long")
        return pieces

    def _take_line(self, line: bytearray) -> None:
        """A line between chunks: the break behind one, the next one's size, or of the trailer."""
        if self._within:
            self._within = False
        elif self._left is None:  # in the trailer
            self.complete = not line
        elif size := _number(line.partition(b";")[0].decode("latin-1"), 16):
            self._left, self._within = size, True
        else:
            self._left = None


def request(
    method: str, target: str, host: str, headers: dict[str, str], body: bytes | None
) -> bytes:  # fmt: skip
    """A whole request. Header values must be of one line."""
    fields = {"Host": host, "User-Agent": "hythe", "Accept": "application/json", **headers}
    if body is not None or method in ("POST", "PUT", "PATCH"):
        fields["Content-Length"] = str(len(body or b""))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def target(path: str, query: dict[str, str]) -> str:
    """A request's target of a path that is not yet quoted."""
    quoted = quote(path, safe="/:@!$&'()*+,;=~")
    return f"{quoted}?{urlencode(query)}" if query else quoted


def _head(lines: list[str]) -> Head:
    version, _, rest = lines[0].partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or not code.isdigit():
        raise Unavailable("what answers there does not speak HTTP")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Head(int(code), reason, headers)


def _number(text: str, base: int) -> int:
    try:
        return int(text.strip(), base)
    except ValueError as error:
        raise Unavailable(f"the answer has no length where it should: {text[:40]!r}") from error
