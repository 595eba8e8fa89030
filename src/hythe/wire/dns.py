"""DNS messages: reading questions, writing answers, and the little a forwarder must know of others' answers.

No I/O. Messages are bytes of at most 65535; names are text of labels joined by dots without the final one, in
the case they came in. A malformed message raises `Malformed`, never anything else, and costs at most one
pass: compression pointers may only point backwards, and a name has at most 255 bytes.

    | header (12) | question | answers ... | authority ... | additional ... (an OPT record, EDNS) |

Source: RFC 1035 section 4, RFC 2308 (negative answers), RFC 6891 (EDNS).
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

TYPE_A, TYPE_SOA, TYPE_PTR, TYPE_AAAA, TYPE_OPT = 1, 6, 12, 28, 41
CLASS_IN = 1
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
PLAIN_UDP = 512

_HEADER = struct.Struct(">HHHHHH")
_FIXED = struct.Struct(">HHIH")
_RESPONSE, _OPCODE, _AUTHORITATIVE, _TRUNCATED = 0x8000, 0x7800, 0x0400, 0x0200
_RECURSION_WANTED, _RECURSION_HAD = 0x0100, 0x0080
_LONGEST_NAME, _LONGEST_LABEL, _POINTER = 255, 63, 0xC0


class Malformed(ValueError):
    """The bytes are not a DNS message that can be answered."""


@dataclass(frozen=True)
class Query:
    """A question: `size` is what the asker can take over UDP, `edns` whether it speaks EDNS."""

    id: int
    flags: int
    name: str
    kind: int
    klass: int
    question: bytes
    size: int = PLAIN_UDP
    edns: bool = False

    @property
    def opcode(self) -> int:
        return (self.flags & _OPCODE) >> 11


@dataclass(frozen=True)
class Reply:
    """What a forwarder needs of an answer: `lifetime` in seconds, 0 if it may not be kept."""

    id: int
    rcode: int
    truncated: bool
    question: bytes
    lifetime: int
    ttl_offsets: tuple[int, ...]


@dataclass(frozen=True)
class Record:
    """A resource record for an answer."""

    kind: int
    ttl: int
    data: bytes


def address_record(address: IPv4Address | IPv6Address, ttl: int) -> Record:
    return Record(TYPE_A if address.version == 4 else TYPE_AAAA, ttl, address.packed)


def pointer_record(name: str, ttl: int) -> Record:
    return Record(TYPE_PTR, ttl, encode_name(name))


def encode_name(name: str) -> bytes:
    """Labels with their lengths and the final zero; no compression."""
    encoded = bytearray()
    for label in name.rstrip(".").split(".") if name.rstrip(".") else []:
        raw = label.encode("latin-1", errors="replace")
        if not 1 <= len(raw) <= _LONGEST_LABEL:
            raise Malformed(f"label of {len(raw)} bytes in {name!r}")
        encoded += bytes((len(raw),)) + raw
    encoded.append(0)
    if len(encoded) > _LONGEST_NAME:
        raise Malformed(f"name of {len(encoded)} bytes")
    return bytes(encoded)


def read_name(data: bytes, offset: int) -> tuple[str, int]:
    """(name, offset behind it); pointers are followed, each further back than the last."""
    labels: list[str] = []
    end, limit, size = -1, offset, 1
    while True:
        length = _byte(data, offset)
        if length & _POINTER == _POINTER:
            target = (length & 0x3F) << 8 | _byte(data, offset + 1)
            end = offset + 2 if end < 0 else end
            if target >= limit:
                raise Malformed("compression pointer that does not point backwards")
            offset = limit = target
            continue
        if length > _LONGEST_LABEL:
            raise Malformed("label of an unknown kind")
        offset += 1
        if length == 0:
            return ".".join(labels), offset if end < 0 else end
        size += length + 1
        if offset + length > len(data) or size > _LONGEST_NAME:
            raise Malformed("name too long")
        labels.append(data[offset : offset + length].decode("latin-1"))
        offset += length


def _byte(data: bytes, offset: int) -> int:
    if offset >= len(data):
        raise Malformed("message ends inside a name")
    return data[offset]


def _counts(data: bytes) -> tuple[int, int, int, int, int, int]:
    if len(data) < _HEADER.size:
        raise Malformed("shorter than a header")
    id, flags, questions, answers, authority, additional = _HEADER.unpack_from(data)
    return id, flags, questions, answers, authority, additional


def read_question(data: bytes) -> tuple[str, int, int, int]:
    """(name, type, class, offset behind the question)."""
    name, offset = read_name(data, _HEADER.size)
    if offset + 4 > len(data):
        raise Malformed("message ends inside the question")
    kind, klass = struct.unpack_from(">HH", data, offset)
    return name, kind, klass, offset + 4


def read_record(data: bytes, offset: int) -> tuple[int, int, int, int, int]:
    """(type, class, offset of the TTL, offset of the data, offset behind the record)."""
    _name, offset = read_name(data, offset)
    if offset + _FIXED.size > len(data):
        raise Malformed("message ends inside a record")
    kind, klass, _ttl, length = _FIXED.unpack_from(data, offset)
    start = offset + _FIXED.size
    if start + length > len(data):
        raise Malformed("message ends inside a record's data")
    return kind, klass, offset + 4, start, start + length


def read_query(data: bytes) -> Query:
    """The question in a client's message. Raises Malformed for answers and for not exactly one question."""
    id, flags, questions, answers, authority, additional = _counts(data)
    if flags & _RESPONSE or questions != 1:
        raise Malformed("not a message with one question")
    name, kind, klass, end = read_question(data)
    size, edns, offset = PLAIN_UDP, False, end
    for _ in range(answers + authority + additional):
        type_, record_class, _ttl, _data, offset = read_record(data, offset)
        if type_ == TYPE_OPT:
            edns, size = True, max(PLAIN_UDP, record_class)
    return Query(id, flags, name, kind, klass, data[_HEADER.size : end], size, edns)


def read_reply(data: bytes) -> Reply:
    """The outline of another server's answer. It lives as long as its shortest TTL; a negative one as the
    SOA says (RFC 2308 section 5); one without any record, or an error, not at all."""
    id, flags, questions, answers, authority, additional = _counts(data)
    if not flags & _RESPONSE or questions != 1:
        raise Malformed("not an answer to one question")
    _name, _kind, _klass, offset = read_question(data)
    question = data[_HEADER.size : offset]
    offsets: list[int] = []
    lifetimes: list[int] = []
    for position in range(answers + authority + additional):
        kind, _class, ttl_at, start, offset = read_record(data, offset)
        if kind == TYPE_OPT:
            continue
        offsets.append(ttl_at)
        (ttl,) = struct.unpack_from(">I", data, ttl_at)
        if kind == TYPE_SOA and not answers and offset - start >= 4:
            ttl = min(ttl, struct.unpack_from(">I", data, offset - 4)[0])
        if position < answers or (not answers and kind == TYPE_SOA):
            lifetimes.append(ttl)
    rcode, truncated = flags & 0xF, bool(flags & _TRUNCATED)
    keep = rcode in (NOERROR, NXDOMAIN) and not truncated and lifetimes
    return Reply(id, rcode, truncated, question, min(lifetimes) if keep else 0, tuple(offsets))


def write_reply(query: Query, records: Sequence[Record] = (), rcode: int = NOERROR) -> bytes:
    """An authoritative answer whose records all belong to the name asked for."""
    flags = _RESPONSE | _AUTHORITATIVE | _RECURSION_HAD | query.flags & (_OPCODE | _RECURSION_WANTED) | rcode
    parts = [_HEADER.pack(query.id, flags, 1, len(records), 0, 1 if query.edns else 0), query.question]
    parts += [
        b"\xc0\x0c" + _FIXED.pack(record.kind, CLASS_IN, record.ttl, len(record.data)) + record.data
        for record in records
    ]
    if query.edns:
        parts.append(b"\0" + _FIXED.pack(TYPE_OPT, 1232, 0, 0))
    return b"".join(parts)


def truncate(query: Query, reply: bytes) -> bytes:
    """The header and question of `reply` alone, with the flag that says to ask again over TCP."""
    (flags,) = struct.unpack_from(">H", reply, 2)
    return _HEADER.pack(query.id, flags | _TRUNCATED, 1, 0, 0, 0) + query.question


def write_error(data: bytes, rcode: int) -> bytes | None:
    """An answer with an error code to a message that could not be read; None for what is no question."""
    if len(data) < _HEADER.size or data[2] & 0x80:
        return None
    id, flags = struct.unpack_from(">HH", data)
    return _HEADER.pack(id, _RESPONSE | flags & (_OPCODE | _RECURSION_WANTED) | rcode, 0, 0, 0, 0)


def with_id(data: bytes, id: int) -> bytes:
    return struct.pack(">H", id) + data[2:]


def as_answer_to(query: Query, reply: bytes) -> bytes:
    """Another's answer to the same question, with this asker's id and its spelling of the name."""
    return struct.pack(">H", query.id) + reply[2 : _HEADER.size] + query.question + reply[_behind(query) :]


def _behind(query: Query) -> int:
    return _HEADER.size + len(query.question)


def random_id() -> int:
    """An id that cannot be guessed by those who would answer in another's place."""
    return random.SystemRandom().randrange(65536)


def aged(data: bytes, ttl_offsets: Sequence[int], seconds: int) -> bytes:
    """A kept answer with its TTLs lowered by the time it was kept."""
    copy = bytearray(data)
    for offset in ttl_offsets:
        (ttl,) = struct.unpack_from(">I", copy, offset)
        struct.pack_into(">I", copy, offset, max(0, ttl - seconds))
    return bytes(copy)
