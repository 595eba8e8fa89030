"""SPDY/3.1 frames, as Kubernetes' clients use them: many streams of bytes over one connection. No I/O.

    feed(bytes) -> events          reply(...), data(...), reset(...), ... -> bytes to be sent

A frame is a head of eight bytes and a payload. Control frames begin with a set bit, version and type; data frames with
the number of their stream. Header blocks are compressed with one zlib stream for a whole connection and direction, and
a dictionary that both sides know, so every block has to be read, wanted or not.

What comes from a client is bounded: a control frame, and what its header block grows to. Data is passed on as it
arrives, so the length of a data frame, which may be 16 MiB, binds no memory.

Kept out: which streams there are, flow control (Kubernetes' clients have none: WINDOW_UPDATE is read and passed on).
Source: "SPDY Protocol", draft-mbelshe-httpbis-spdy-00, sections 2.2 and 2.6.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument

_VERSION: Final = 3
_CONTROL: Final = 0x80000000
_STREAM: Final = 0x7FFFFFFF
_HEAD: Final = struct.Struct(">II")
_LONG: Final = struct.Struct(">I")
_PAIR: Final = struct.Struct(">II")
_LENGTH: Final = 0xFFFFFF
_FIN: Final = 0x01
_SYN_STREAM, _SYN_REPLY, _RST, _SETTINGS, _PING, _GOAWAY, _HEADERS, _WINDOW = 1, 2, 3, 4, 6, 7, 8, 9
CONTROL_LIMIT: Final = 1 << 16
"""Bytes of a control frame's payload."""
HEADERS_LIMIT: Final = 1 << 16
"""Bytes of a header block when it has been decompressed."""
PIECE: Final = 1 << 16
"""Bytes in a data frame of ours."""

PROTOCOL_ERROR: Final = 1
REFUSED_STREAM: Final = 3
CANCEL: Final = 5
INTERNAL_ERROR: Final = 6

_NAMES: Final = """options head post put delete trace accept accept-charset accept-encoding accept-language
accept-ranges age allow authorization cache-control connection content-base content-encoding content-language
content-length content-location content-md5 content-range content-type date etag expect expires from host if-match
if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma
proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent
vary via warning www-authenticate method get status""".split()
_MORE: Final = ("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin")
_CODES: Final = """100 101 201 202 205 206 300 302 303 304 305 306 307 402 405 406 407 408 409 410 411 412 413 414 415
416 417 502 504 505""".split()
_TEXTS: Final = (
    "203 Non-Authoritative Information", "204 No Content", "301 Moved Permanently", "400 Bad Request",
    "401 Unauthorized", "403 Forbidden", "404 Not Found", "500 Internal Server Error", "501 Not Implemented",
    "503 Service Unavailable", "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec", " 00:00:00",
    " Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT", "chunked,text/html,image/png,image/jpg,image/gif,application/xml,",
    "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdch",
    "charset=utf-8charset=iso-8859-1,utf-,*,enq=0.",
)  # fmt: skip


def _dictionary() -> bytes:
    """Section 2.6.10.1: names with their lengths before them, then texts without."""
    words = [word.encode() for word in (*_NAMES, *_MORE)]
    named = b"".join(_LONG.pack(len(word)) + word for word in words)
    return named + "".join((*_CODES, *_TEXTS)).encode()


DICTIONARY: Final = _dictionary()


class SynStream(NamedTuple):
    """The other side opens a stream; with `fin` it will send nothing on it."""

    stream: int
    headers: dict[str, str]
    fin: bool


class SynReply(NamedTuple):
    stream: int
    headers: dict[str, str]
    fin: bool


class Data(NamedTuple):
    """A piece of what was sent on a stream, perhaps empty; `fin`: it was the last."""

    stream: int
    data: bytes
    fin: bool


class Reset(NamedTuple):
    stream: int
    status: int


class Ping(NamedTuple):
    number: int


class GoAway(NamedTuple):
    last: int


class Headers(NamedTuple):
    stream: int
    headers: dict[str, str]
    fin: bool


class WindowUpdate(NamedTuple):
    stream: int
    delta: int


Event = SynStream | SynReply | Data | Reset | Ping | GoAway | Headers | WindowUpdate


class Framer:
    """One side of a connection. Once `feed` has raised, the connection is of no more use."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._stream = 0
        self._left = 0
        self._fin = False
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    # ---- reading ----------------------------------------------------------------------------------

    def feed(self, data: bytes) -> Iterator[Event]:
        """What `data` completes. Raises InvalidArgument for what is no SPDY, or more of it than is taken."""
        self._buffer += data
        while True:
            if self._left:
                if not self._buffer:
                    return
                yield self._piece()
                continue
            if len(self._buffer) < _HEAD.size:
                return
            first, second = _HEAD.unpack_from(self._buffer)
            flags, length = second >> 24, second & _LENGTH
            if not first & _CONTROL:
                del self._buffer[: _HEAD.size]
                self._stream, self._left, self._fin = first, length, bool(flags & _FIN)
                if not length:
                    yield Data(first, b"", self._fin)
                continue
            if (first >> 16) & 0x7FFF != _VERSION:
                raise InvalidArgument(
                    f"SPDY version {(first >> 16) & 0x7FFF} is not supported", hint="3.1 is"
                )
            if length > CONTROL_LIMIT:
                raise InvalidArgument(f"a SPDY control frame of {length} bytes is too long")
            if len(self._buffer) < _HEAD.size + length:
                return
            payload = bytes(self._buffer[_HEAD.size : _HEAD.size + length])
            del self._buffer[: _HEAD.size + length]
            event = self._control(first & 0xFFFF, flags, payload)
            if event is not None:
                yield event

    def _piece(self) -> Data:
        piece = bytes(self._buffer[: self._left])
        del self._buffer[: len(piece)]
        self._left -= len(piece)
        return Data(self._stream, piece, self._fin and not self._left)

    def _control(self, kind: int, flags: int, payload: bytes) -> Event | None:
        try:
            return self._event(kind, bool(flags & _FIN), payload)
        except (struct.error, zlib.error) as error:
            raise InvalidArgument(f"a SPDY frame of type {kind} is malformed: {error}") from error

    def _event(self, kind: int, fin: bool, payload: bytes) -> Event | None:
        """None for what means nothing to anybody: settings, and types that are not known (section 2.2.1)."""
        number = _LONG.unpack_from(payload)[0] if kind in (1, 2, 3, 6, 7, 8, 9) else 0
        stream = number & _STREAM
        if kind == _SYN_STREAM:
            return SynStream(stream, self._headers(payload[10:]), fin)
        if kind == _SYN_REPLY:
            return SynReply(stream, self._headers(payload[4:]), fin)
        if kind == _HEADERS:
            return Headers(stream, self._headers(payload[4:]), fin)
        if kind == _RST:
            return Reset(stream, _PAIR.unpack_from(payload)[1])
        if kind == _PING:
            return Ping(number)
        if kind == _GOAWAY:
            return GoAway(stream)
        if kind == _WINDOW:
            return WindowUpdate(stream, _PAIR.unpack_from(payload)[1] & _STREAM)
        return None

    def _headers(self, block: bytes) -> dict[str, str]:
        """Names in lower case; several values of one name are joined by NUL."""
        plain = self._inflate.decompress(block, HEADERS_LIMIT)
        if self._inflate.unconsumed_tail or self._inflate.eof:
            raise InvalidArgument(
                f"a SPDY header block of more than {HEADERS_LIMIT} bytes, or the end of them"
            )
        words = iter(_words(plain))
        return {name.lower(): value for name, value in zip(words, words, strict=True)}

    # ---- writing ----------------------------------------------------------------------------------

    def syn_stream(self, stream: int, headers: Mapping[str, str], *, fin: bool = False) -> bytes:
        """Open a stream; clients have odd numbers, servers even ones."""
        head = struct.pack(">IIH", stream, 0, 0)
        return _control(_SYN_STREAM, head + self._block(headers), fin=fin)

    def syn_reply(self, stream: int, headers: Mapping[str, str] | None = None, *, fin: bool = False) -> bytes:
        """Take the stream that the other side has opened."""
        return _control(_SYN_REPLY, _LONG.pack(stream) + self._block(headers or {}), fin=fin)

    def _block(self, headers: Mapping[str, str]) -> bytes:
        words = [text.encode() for pair in headers.items() for text in (pair[0].lower(), pair[1])]
        plain = _LONG.pack(len(headers)) + b"".join(_LONG.pack(len(word)) + word for word in words)
        return self._deflate.compress(plain) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    @staticmethod
    def data(stream: int, data: bytes, *, fin: bool = False) -> bytes:
        """`data` in frames of at most PIECE bytes; with `fin` the last that is sent on the stream."""
        starts = range(0, len(data), PIECE) or (0,)
        frames: list[bytes] = []
        for start in starts:
            piece = data[start : start + PIECE]
            last = fin and start + PIECE >= len(data)
            frames += [_HEAD.pack(stream, (_FIN << 24 if last else 0) | len(piece)), piece]
        return b"".join(frames)

    @staticmethod
    def reset(stream: int, status: int) -> bytes:
        return _control(_RST, _PAIR.pack(stream, status))

    @staticmethod
    def ping(number: int) -> bytes:
        """One of ours, or the answer to one of theirs: the same frame."""
        return _control(_PING, _LONG.pack(number))

    @staticmethod
    def goaway(last: int) -> bytes:
        """Nothing after the stream `last` was taken."""
        return _control(_GOAWAY, _PAIR.pack(last, 0))


def _control(kind: int, payload: bytes, *, fin: bool = False) -> bytes:
    return _HEAD.pack(_CONTROL | _VERSION << 16 | kind, (_FIN << 24 if fin else 0) | len(payload)) + payload


def _words(plain: bytes) -> Iterator[str]:
    """The names and values of a block, in turns."""
    (count,) = _LONG.unpack_from(plain)
    position = _LONG.size
    if count > len(plain) // (2 * _LONG.size):
        raise InvalidArgument(f"a SPDY header block of {len(plain)} bytes cannot have {count} entries")
    for _ in range(2 * count):
        (length,) = _LONG.unpack_from(plain, position)
        position += _LONG.size + length
        if position > len(plain):
            raise InvalidArgument("a SPDY header block ends within a word")
        yield plain[position - length : position].decode("latin-1")
