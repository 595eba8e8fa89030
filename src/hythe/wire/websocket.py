"""WebSocket, a server's side of it: messages out of bytes, and frames of messages. No I/O (RFC 6455).

    feed(bytes) -> Message | Ping | Pong | Close      message(...), pong(...), close(...) -> bytes to be sent

Clients mask what they send, servers do not. A message may come in several frames, between which control frames may
stand; it is collected up to a limit. Extensions are not offered, so none may be used. After `feed` has raised, the
connection is to be closed with the code that the error carries.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument

MESSAGE_LIMIT: Final = 1 << 20
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUE, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_FIN, _RESERVED, _MASKED = 0x80, 0x70, 0x80
NORMAL: Final = 1000
PROTOCOL_ERROR: Final = 1002
TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011


class Violation(InvalidArgument):
    """What a client may not do; `code` is for the frame that closes the connection."""

    def __init__(self, message: str, code: int = PROTOCOL_ERROR) -> None:
        super().__init__(message)
        self.code = code


class Message(NamedTuple):
    data: bytes
    text: bool


class Ping(NamedTuple):
    data: bytes


class Pong(NamedTuple):
    data: bytes


class Close(NamedTuple):
    """1005 where the client gives no code."""

    code: int


Event = Message | Ping | Pong | Close


def accept_key(key: str) -> str:
    """The answer to a client's Sec-WebSocket-Key (section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


class Framer:
    def __init__(self, limit: int = MESSAGE_LIMIT) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._collected = bytearray()
        self._kind = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """What `data` completes. Raises Violation."""
        self._buffer += data
        while (frame := self._frame()) is not None:
            event = self._event(*frame)
            if event is not None:
                yield event

    def _frame(self) -> tuple[int, bool, bytes] | None:
        """(opcode, whether it is its message's last, payload) of the next whole frame."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        code, final = first & 0x0F, bool(first & _FIN)
        if first & _RESERVED:
            raise Violation("an extension was used that was not agreed on")
        if not second & _MASKED:
            raise Violation("a client's frame is not masked")
        short = second & 0x7F
        size = {126: 2, 127: 8}.get(short, 0)
        if code >= _CLOSE and (short > 125 or not final):
            raise Violation("a control frame is too long, or not the last of its message")
        if len(buffer) < 2 + size:
            return None
        length = int.from_bytes(buffer[2 : 2 + size], "big") if size else short
        if len(self._collected) + length > self._limit:
            raise Violation(f"a message of more than {self._limit} bytes", TOO_BIG)
        begin = 2 + size + 4
        if len(buffer) < begin + length:
            return None
        payload = _unmasked(bytes(buffer[begin : begin + length]), bytes(buffer[begin - 4 : begin]))
        del buffer[: begin + length]
        return code, final, payload

    def _event(self, code: int, final: bool, payload: bytes) -> Event | None:
        if code in (_TEXT, _BINARY, _CONTINUE):
            return self._part(code, final, payload)
        if code == _PING:
            return Ping(payload)
        if code == _PONG:
            return Pong(payload)
        if code == _CLOSE:
            if len(payload) == 1:
                raise Violation("a frame that closes has half a code")
            return Close(int.from_bytes(payload[:2], "big") if payload else 1005)
        raise Violation(f"frames of type {code} are not known")

    def _part(self, code: int, final: bool, payload: bytes) -> Message | None:
        if (code == _CONTINUE) != bool(self._kind):
            raise Violation("a message begins within another, or goes on without having begun")
        self._kind = self._kind or code
        self._collected += payload
        if not final:
            return None
        message = Message(bytes(self._collected), self._kind == _TEXT)
        self._kind = 0
        self._collected.clear()
        return message


def _unmasked(data: bytes, mask: bytes) -> bytes:
    """Exclusive or with the mask over and over, as one large number."""
    key = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(len(data), "big")


def message(data: bytes, *, text: bool = False) -> bytes:
    """A message in one frame."""
    return _frame(_TEXT if text else _BINARY, data)


def pong(data: bytes) -> bytes:
    return _frame(_PONG, data)


def ping(data: bytes = b"") -> bytes:
    return _frame(_PING, data)


def close(code: int = NORMAL) -> bytes:
    return _frame(_CLOSE, code.to_bytes(2, "big"))


def _frame(code: int, data: bytes) -> bytes:
    if len(data) < 126:
        head = struct.pack(">BB", _FIN | code, len(data))
    elif len(data) < 1 << 16:
        head = struct.pack(">BBH", _FIN | code, 126, len(data))
    else:
        head = struct.pack(">BBQ", _FIN | code, 127, len(data))
    return head + data
