"""The 512-byte header block of tar: ustar (pax(1), "ustar Interchange Format") and GNU's extensions of its fields.

    0 name 100, mode 8, uid 8, gid 8, size 12, mtime 12, checksum 8, type 1, link 100, magic 8,
    265 user name 32, group name 32, major 8, minor 8, prefix 155

Numbers are octal text, or, with the highest bit of the field set, big-endian binary (GNU tar, "base-256").
"""

from __future__ import annotations

import os
import struct
from typing import Final, NamedTuple

from hythe.store.archive.entry import BadArchive, Entry, Kind

BLOCK: Final = 512
ZERO: Final = bytes(BLOCK)
_LAYOUT: Final = struct.Struct("100s8s8s8s12s12s8s1s100s8s32s32s8s8s155s12x")
_BLANK_CHECKSUM: Final = b" " * 8
_USTAR: Final = b"ustar\x0000"
_OCTAL_7: Final = 0o7777777
_OCTAL_11: Final = 0o77777777777


class Header(NamedTuple):
    """`type` is the raw type byte; `entry` is complete for plain members, and may be overruled by pax records."""

    type: bytes
    size: int
    entry: Entry


def decode(block: bytes) -> Header:
    """Read a block that is not all zeros. Raises BadArchive if the checksum or a number is wrong."""
    fields = _LAYOUT.unpack(block)
    name, mode, uid, gid, size, mtime, checksum, type_, link, magic, _, _, major, minor, prefix = fields
    total = sum(block) - sum(checksum) + 8 * 0x20
    if _number(checksum) != total and _number(checksum) != _signed(block, checksum):
        raise BadArchive("this is not a tar archive, or it is damaged: a header's checksum is wrong")
    path = _text(name)
    if magic[:6] == b"ustar\x00" and prefix[0]:
        path = f"{_text(prefix)}/{path}"
    length = _number(size)
    if length < 0:
        raise BadArchive(f"{path}: the archive gives a negative size")
    entry = Entry(
        path=path,
        mode=_number(mode) & 0o7777,
        uid=_number(uid),
        gid=_number(gid),
        size=length,
        mtime=_number(mtime) * 10**9,
        link=_text(link),
    )
    if type_ in (b"3", b"4"):
        entry.major, entry.minor = _number(major), _number(minor)
    return Header(type_, length, entry)


def encode(entry: Entry, type_: bytes | None = None) -> bytes:
    """The block of an entry whose values all fit (`fits`); `type_` is for extended headers."""
    name, prefix = split_path(os.fsencode(entry.path)) or (os.fsencode(entry.path)[:100], b"")
    device = entry.kind in (Kind.CHARACTER, Kind.BLOCK)
    block = _LAYOUT.pack(
        name, b"%07o\0" % entry.mode, b"%07o\0" % min(entry.uid, _OCTAL_7), b"%07o\0" % min(entry.gid, _OCTAL_7),
        b"%011o\0" % (entry.size if entry.size <= _OCTAL_11 else 0),
        b"%011o\0" % min(max(entry.mtime // 10**9, 0), _OCTAL_11),
        _BLANK_CHECKSUM, type_ or entry.kind.value, os.fsencode(entry.link)[:100], _USTAR, b"", b"",
        b"%07o\0" % (entry.major if device else 0), b"%07o\0" % (entry.minor if device else 0), prefix,
    )  # fmt: skip
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def beyond(entry: Entry) -> dict[str, bytes]:
    """The pax records for what of `entry` does not fit into its block (attributes aside). Times are whole seconds."""
    records: dict[str, bytes] = {}
    path, link = os.fsencode(entry.path), os.fsencode(entry.link)
    if not path.isascii() or split_path(path) is None:
        records["path"] = path
    if not link.isascii() or len(link) > 100:
        records["linkpath"] = link
    for key, value in (("uid", entry.uid), ("gid", entry.gid)):
        if value > _OCTAL_7:
            records[key] = b"%d" % value
    if entry.size > _OCTAL_11:
        records["size"] = b"%d" % entry.size
    seconds = entry.mtime // 10**9
    if not 0 <= seconds <= _OCTAL_11:
        records["mtime"] = b"%d" % seconds
    return records


def split_path(path: bytes) -> tuple[bytes, bytes] | None:
    """(name, prefix) such that both fit their fields; None when there is no such "/"."""
    if len(path) <= 100:
        return path, b""
    cut = path.find(b"/", len(path) - 101)
    if cut <= 0 or cut > 155 or cut + 1 == len(path):
        return None
    return path[cut + 1 :], path[:cut]


def _text(field: bytes) -> str:
    return os.fsdecode(field.partition(b"\0")[0])


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        return value - (1 << (8 * len(field) - 1)) if field[0] & 0x40 else value
    text = field.partition(b"\0")[0].strip()
    if not text:
        return 0
    try:
        return int(text, 8)
    except ValueError as error:
        raise BadArchive(
            "this is not a tar archive, or it is damaged: a header has a field that is no number"
        ) from error


def _signed(block: bytes, checksum: bytes) -> int:
    """Old tars summed signed characters."""
    rest = block[:148] + block[156:]
    return sum(rest) - 256 * sum(byte > 127 for byte in rest) + 8 * 0x20
