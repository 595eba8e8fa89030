"""DNS answers whose records belong to several names: aliases, services, negative answers, and reading others'.

    write(query, answers=[owner, type, TTL, data] ..., authority=..., additional=...)

An owner that is the name asked for is a pointer to the question, in the asker's own spelling; all other names are
written out, since the names inside SRV data may not be compressed anyway. `read` is for what a resolver must do
with an alias that leads out of its zone: take the records of another server's answer, with the names in their data
decompressed, so that they can be put behind the alias. Kept out: questions and plain answers (`dns.py`).

Source: RFC 1035 section 3.3, RFC 2308 (SOA in negative answers), RFC 2782 (SRV), RFC 3596 (AAAA).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from hythe.wire.dns import (
    CLASS_IN,
    NOERROR,
    TYPE_A,
    TYPE_AAAA,
    TYPE_OPT,
    TYPE_PTR,
    TYPE_SOA,
    Malformed,
    Query,
    encode_name,
    read_name,
    read_question,
    read_record,
)

TYPE_NS, TYPE_CNAME, TYPE_TXT, TYPE_SRV, TYPE_ANY = 2, 5, 16, 33, 255
_HEADER: Final = struct.Struct(">HHHHHH")
_FIXED: Final = struct.Struct(">HHIH")
_ANSWER: Final = 0x8480  # a response, authoritative, recursion at hand
_KEPT_FLAGS: Final = 0x7900  # of the question: operation code, recursion wanted
_EDNS_SIZE: Final = 1232


@dataclass(frozen=True)
class Owned:
    """A record and the name that has it, without the final dot."""

    owner: str
    kind: int
    ttl: int
    data: bytes


def address(owner: str, ttl: int, value: IPv4Address | IPv6Address) -> Owned:
    return Owned(owner, TYPE_A if value.version == 4 else TYPE_AAAA, ttl, value.packed)


def alias(owner: str, ttl: int, target: str) -> Owned:
    return Owned(owner, TYPE_CNAME, ttl, encode_name(target))


def pointer(owner: str, ttl: int, target: str) -> Owned:
    return Owned(owner, TYPE_PTR, ttl, encode_name(target))


def name_server(owner: str, ttl: int, target: str) -> Owned:
    return Owned(owner, TYPE_NS, ttl, encode_name(target))


def service(owner: str, ttl: int, target: str, port: int, *, weight: int, priority: int = 0) -> Owned:
    return Owned(owner, TYPE_SRV, ttl, struct.pack(">HHH", priority, weight, port) + encode_name(target))


def text(owner: str, ttl: int, value: str) -> Owned:
    raw = value.encode()
    if len(raw) > 255:
        raise Malformed(f"text of {len(raw)} bytes")
    return Owned(owner, TYPE_TXT, ttl, bytes((len(raw),)) + raw)


def authority(zone: str, ttl: int, server: str, mailbox: str, serial: int) -> Owned:
    """The zone's SOA; `ttl` is also how long a negative answer may be kept."""
    data = encode_name(server) + encode_name(mailbox) + struct.pack(">IIIII", serial, 7200, 1800, 86400, ttl)
    return Owned(zone, TYPE_SOA, ttl, data)


def write(
    query: Query,
    answers: Sequence[Owned] = (),
    authority: Sequence[Owned] = (),
    additional: Sequence[Owned] = (),
    rcode: int = NOERROR,
) -> bytes:
    """A whole message; may be longer than the asker can take over UDP (`dns.truncate`)."""
    flags = _ANSWER | query.flags & _KEPT_FLAGS | rcode
    extra = len(additional) + query.edns
    parts = [_HEADER.pack(query.id, flags, 1, len(answers), len(authority), extra), query.question]
    asked = query.name.rstrip(".").lower()
    for record in (*answers, *authority, *additional):
        owner = b"\xc0\x0c" if record.owner.lower() == asked else encode_name(record.owner)
        parts.append(owner + _FIXED.pack(record.kind, CLASS_IN, record.ttl, len(record.data)) + record.data)
    if query.edns:
        parts.append(b"\0" + _FIXED.pack(TYPE_OPT, _EDNS_SIZE, 0, 0))
    return b"".join(parts)


def ask(id: int, name: str, kind: int) -> bytes:
    """A question of our own, recursion wanted, with EDNS."""
    question = encode_name(name) + struct.pack(">HH", kind, CLASS_IN)
    edns = b"\0" + _FIXED.pack(TYPE_OPT, _EDNS_SIZE, 0, 0)
    return _HEADER.pack(id, 0x0100, 1, 0, 0, 1) + question + edns


def read(data: bytes) -> list[Owned]:
    """The addresses and aliases in a message's answer section. Raises Malformed."""
    if len(data) < _HEADER.size:
        raise Malformed("shorter than a header")
    answers = _HEADER.unpack_from(data)[3]
    offset = read_question(data)[3]
    found: list[Owned] = []
    for _ in range(answers):
        owner, _ = read_name(data, offset)
        kind, _class, ttl_at, start, offset = read_record(data, offset)
        (ttl,) = struct.unpack_from(">I", data, ttl_at)
        if kind in (TYPE_A, TYPE_AAAA):
            found.append(Owned(owner, kind, ttl, data[start:offset]))
        elif kind == TYPE_CNAME:
            found.append(Owned(owner, kind, ttl, encode_name(read_name(data, start)[0])))
    return found
