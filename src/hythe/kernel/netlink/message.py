"""Netlink messages as bytes: headers and attributes, packed and unpacked. No I/O.

    +----------------+-------------------------+------------------------------+
    | nlmsghdr (16)  | family header (ifinfomsg| attribute, attribute, ...    |
    | len type flags | ifaddrmsg, rtmsg, ...)  | each: len(2) type(2) payload |
    | seq pid        |                         | padded to 4 bytes            |
    +----------------+-------------------------+------------------------------+

`len` in an attribute counts its 4-byte header but not the padding. Source: netlink(7), linux/netlink.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = struct.Struct("=IHHII")
ATTRIBUTE = struct.Struct("=HH")

# Message types and flags of the netlink core.
NLMSG_ERROR = 2
NLMSG_DONE = 3
NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP_INTR = 0x10
NLM_F_CAPPED = 0x100  # in an error: the request is not echoed after its header
NLM_F_ACK_TLVS = 0x200  # in an error: extended acknowledgement attributes follow
NLM_F_EXCL = 0x200
NLM_F_DUMP = 0x300
NLM_F_CREATE = 0x400
NLA_F_NESTED = 0x8000
NLA_TYPE_MASK = 0x3FFF


@dataclass(frozen=True)
class Request:
    """A message to be sent: its type, its flags beyond REQUEST and ACK, its body, and words for errors."""

    kind: int
    body: bytes
    what: str
    flags: int = 0


@dataclass(frozen=True)
class Message:
    """A message that was received."""

    kind: int
    flags: int
    sequence: int
    body: bytes


def attribute(kind: int, payload: bytes) -> bytes:
    return ATTRIBUTE.pack(4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def u32(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))


def text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def nested(kind: int, *children: bytes) -> bytes:
    return attribute(kind | NLA_F_NESTED, b"".join(children))


def pack(request: Request, sequence: int, flags: int) -> bytes:
    """One message with its header; the sender's port id is left to the kernel."""
    body = request.body + bytes(-len(request.body) % 4)
    return HEADER.pack(HEADER.size + len(body), request.kind, request.flags | flags, sequence, 0) + body


def unpack(data: bytes) -> Iterator[Message]:
    """The messages in what one recv() returned; a header that lies about its length ends the walk."""
    offset = 0
    while offset + HEADER.size <= len(data):
        length, kind, flags, sequence, _port = HEADER.unpack_from(data, offset)
        if length < HEADER.size or offset + length > len(data):
            return
        yield Message(kind, flags, sequence, data[offset + HEADER.size : offset + length])
        offset += (length + 3) & ~3


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """Attributes from `offset` on, by type without its flag bits; of repeated ones the last."""
    found: dict[int, bytes] = {}
    while offset + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, offset)
        if length < ATTRIBUTE.size or offset + length > len(data):
            break
        found[kind & NLA_TYPE_MASK] = data[offset + ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return found


def as_text(payload: bytes) -> str:
    return payload.split(b"\0", 1)[0].decode(errors="replace")
