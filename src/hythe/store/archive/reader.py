"""Archives as streams of entries: ustar, pax, and GNU's long names.

    reader = Reader(stream)
    for entry in reader:
        reader.copy(write)        # the content of the entry just given, or nothing to skip it

Nothing is written and no path is looked at here. What an archive can claim is bounded by `Limits`; sparse files
and multi-volume archives are refused by name. After the last entry the stream is read to its very end, so that
whoever hashes it has seen all of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from hythe.errors import Unsupported
from hythe.store.archive import header, pax
from hythe.store.archive.entry import DEFAULT_LIMITS, BadArchive, Entry, Kind, Limits

_CHUNK: Final = 1 << 20
_KINDS: Final = {kind.value: kind for kind in Kind} | {b"\0": Kind.FILE, b"7": Kind.FILE}
_REFUSED: Final = {
    b"S": "sparse files",
    b"M": "archives of several volumes",
    b"D": "incremental archives",
    b"N": "GNU tar's oldest long names",
}


class Reader:
    """Reads each entry once, in order. `ended` tells, after the last one, whether the end marker was there."""

    def __init__(self, stream: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> None:
        self._stream, self._limits = stream, limits
        self._left = self._padding = 0
        self._entries = self._content = 0
        self._global: dict[str, bytes] = {}
        self._buffer = memoryview(bytearray(_CHUNK))
        self.ended = False

    def __iter__(self) -> Iterator[Entry]:
        while (entry := self._next()) is not None:
            yield entry
        self._drain()

    def copy(self, write: Callable[[memoryview], object]) -> None:
        """Hand the rest of the present entry's content to `write`, in pieces."""
        while self._left:
            wanted = self._buffer[: min(self._left, _CHUNK)]
            count = self._into(wanted)
            self._left -= count
            write(wanted[:count])

    def read(self, limit: int) -> bytes:
        """The present entry's content, which must not be longer than `limit`."""
        if self._left > limit:
            raise BadArchive(f"a member of the archive is longer than {limit} bytes")
        pieces: list[bytes] = []
        self.copy(lambda piece: pieces.append(bytes(piece)))
        return b"".join(pieces)

    def _next(self) -> Entry | None:
        """The next member with all that its extended headers say about it; None at the end."""
        records: dict[str, bytes] = {}
        long: dict[str, bytes] = {}
        while True:
            block = self._block()
            if block is None:
                return None
            found = header.decode(block)
            self._left, self._padding = found.size, -found.size % header.BLOCK
            if found.type in (b"x", b"X"):
                records |= pax.parse(self._extended())
            elif found.type == b"g":
                self._global |= pax.parse(self._extended())
            elif found.type in (b"L", b"K"):
                name = self._extended().partition(b"\0")[0]
                long["path" if found.type == b"L" else "linkpath"] = name
            elif found.type == b"V":
                self._count(self._left)
                self._skip()
            else:
                return self._member(found, self._global | long | records)

    def _block(self) -> bytes | None:
        """The next header; None at the end marker (two zero blocks) or the end of the stream."""
        self._skip()
        block = self._exactly(header.BLOCK)
        if block and block != header.ZERO:
            return block
        if block:
            second = self._exactly(header.BLOCK)
            if second not in (header.ZERO, b""):
                raise BadArchive("the archive is damaged: something follows half an end marker")
            self.ended = True
        return None

    def _member(self, found: header.Header, records: dict[str, bytes]) -> Entry:
        entry = found.entry
        if found.type in _REFUSED:
            raise Unsupported(f"{entry.path}: {_REFUSED[found.type]} are not supported")
        kind = _KINDS.get(found.type)
        if kind is None:
            raise Unsupported(f"{entry.path}: members of type {found.type!r} are not supported")
        pax.apply(entry, records)
        if kind is Kind.FILE and found.type == b"\0" and entry.path.endswith("/"):
            kind = Kind.DIRECTORY
        entry.kind = kind
        if kind is not Kind.FILE:
            entry.size = 0
        self._left, self._padding = entry.size, -entry.size % header.BLOCK
        self._check(entry)
        return entry

    def _check(self, entry: Entry) -> None:
        self._count(entry.size)
        limit = self._limits.path
        if len(os.fsencode(entry.path)) > limit or len(os.fsencode(entry.link)) > limit:
            raise BadArchive(f"{entry.path[:60]}...: the archive has a path of more than {limit} bytes")
        if "\0" in entry.path or "\0" in entry.link:
            raise BadArchive(f"{entry.path!r}: the archive has a path with a zero byte")
        if max(entry.uid, entry.gid) >= 1 << 32 or min(entry.uid, entry.gid) < 0:
            raise BadArchive(f"{entry.path}: the archive gives an owner that no file can have")

    def _count(self, size: int) -> None:
        self._entries += 1
        self._content += size
        if self._entries > self._limits.entries:
            raise BadArchive(f"the archive has more than {self._limits.entries} members")
        if self._content > self._limits.content:
            raise BadArchive(f"the archive unpacks to more than {self._limits.content} bytes")

    def _extended(self) -> bytes:
        self._count(0)
        if self._left > self._limits.header:
            raise BadArchive(f"the archive has an extended header of {self._left} bytes")
        data = self.read(self._limits.header)
        self._skip()
        return data

    def _skip(self) -> None:
        self.copy(len)
        if self._padding:
            padding, self._padding = self._padding, 0
            self._exactly(padding)

    def _into(self, buffer: memoryview) -> int:
        count: int = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        if not count:
            raise BadArchive("the archive is truncated")
        return count

    def _exactly(self, size: int) -> bytes:
        """`size` bytes, or none at all at the end of the stream."""
        data = self._stream.read(size)
        while data and len(data) < size:
            more = self._stream.read(size - len(data))
            if not more:
                raise BadArchive("the archive is truncated")
            data += more
        return data

    def _drain(self) -> None:
        """What follows the end marker: padding to the record size, as a rule."""
        left = self._limits.content
        while count := self._stream.readinto(self._buffer):  # type: ignore[attr-defined]
            left -= count
            if left < 0:
                raise BadArchive(f"more than {self._limits.content} bytes follow the archive")
