"""Records of extended headers, "LENGTH KEY=VALUE\\n" (pax(1), "pax Header Block"), as pure functions.

LENGTH counts the whole record, itself included. Values are bytes: they should be UTF-8, but file names of Linux
need not be, and are passed through as they are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from hythe.errors import Unsupported
from hythe.store.archive.entry import BadArchive, Entry

XATTR: Final = "SCHILY.xattr."
_NANOSECONDS: Final = 10**9


def parse(data: bytes) -> dict[str, bytes]:
    """The records of one header; a later record of a key wins. Raises BadArchive."""
    records: dict[str, bytes] = {}
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 21)
        digits = data[position:space] if space > 0 else b""
        end = position + (int(digits) if digits.isdigit() else 0)
        key, equals, value = data[space + 1 : max(end - 1, 0)].partition(b"=")
        if end <= space + 1 or end > len(data) or data[end - 1] != 0x0A or not equals or not key:
            raise BadArchive("the archive has a damaged extended header")
        records[os.fsdecode(key)] = value
        position = end
    return records


def encode(records: Mapping[str, bytes]) -> bytes:
    """The records in the order given."""
    return b"".join(_record(os.fsencode(key), value) for key, value in records.items())


def _record(key: bytes, value: bytes) -> bytes:
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) > len(str(rest)):
        length += 1
    return b"%d %b=%b\n" % (length, key, value)


def apply(entry: Entry, records: Mapping[str, bytes]) -> None:
    """Let the records overrule what the entry's plain header said. Unknown keys mean nothing here (pax(1)).

    Raises BadArchive for values that cannot be read, Unsupported for sparse files.
    """
    for key, value in records.items():
        if key.startswith(XATTR):
            entry.xattrs[_decoded(key.removeprefix(XATTR))] = value
        elif key == "path":
            entry.path = os.fsdecode(value)
        elif key == "linkpath":
            entry.link = os.fsdecode(value)
        elif key == "size":
            entry.size = _number(key, value)
        elif key == "uid":
            entry.uid = _number(key, value)
        elif key == "gid":
            entry.gid = _number(key, value)
        elif key == "mtime":
            entry.mtime = nanoseconds(value)
        elif key.startswith("GNU.sparse."):
            raise Unsupported(
                f"{entry.path}: sparse files in archives are not supported", hint="pack it without --sparse"
            )


def attribute(name: str, value: bytes) -> dict[str, bytes]:
    """The record for an extended attribute; "=" in its name is written as GNU tar does, "%3D"."""
    return {XATTR + name.replace("%", "%25").replace("=", "%3D"): value}


def _decoded(name: str) -> str:
    return name.replace("%3D", "=").replace("%25", "%")


def _number(key: str, value: bytes) -> int:
    if not value.isdigit() or len(value) > 19:
        raise BadArchive(f"the archive has a damaged extended header: {key}={value[:40]!r}")
    return int(value)


def nanoseconds(value: bytes) -> int:
    """Nanoseconds in "1700000000.25"; digits beyond nanoseconds are cut off."""
    sign = -1 if value.startswith(b"-") else 1
    whole, _, fraction = value.lstrip(b"-").partition(b".")
    if not whole.isdigit() or len(whole) > 12 or (fraction and not fraction.isdigit()):
        raise BadArchive(f"the archive has a damaged extended header: mtime={value[:40]!r}")
    return sign * (int(whole) * _NANOSECONDS + int((fraction + b"0" * 9)[:9]))
