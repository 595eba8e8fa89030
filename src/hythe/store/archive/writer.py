"""Entries to a stream: ustar blocks, with a pax header only for what does not fit into one.

The same entries always give the same bytes. Kept out: where entries come from (`pack.py`), and compression.
"""

from __future__ import annotations

from typing import Protocol

from hythe.store.archive import header, pax
from hythe.store.archive.entry import Entry, Kind


class Sink(Protocol):
    """Whatever takes bytes: a file, a hash."""

    def write(self, data: bytes | memoryview, /) -> object: ...


class Writer:
    """Writes to `out`. After `add` of an entry with a size, exactly so many bytes of `content` must follow."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._left = self._padding = 0
        self.size = 0

    def add(self, entry: Entry) -> None:
        """Write the header of the next member."""
        self._finish()
        records = header.beyond(entry)
        for name in sorted(entry.xattrs):
            records |= pax.attribute(name, entry.xattrs[name])
        if records:
            self._extended(entry, pax.encode(records))
        self._write(header.encode(entry))
        self._left, self._padding = entry.size, -entry.size % header.BLOCK

    def content(self, data: bytes | memoryview) -> None:
        """The next bytes of the member that was added last."""
        self._left -= len(data)
        if self._left < 0:
            raise ValueError("more content than was announced")
        self._write(data)

    def file(self, path: str, data: bytes, *, mode: int = 0o644, mtime: int = 0) -> None:
        """A whole regular file owned by root."""
        self.add(Entry(path, mode=mode, size=len(data), mtime=mtime))
        self.content(data)

    def close(self) -> None:
        """Write the end marker. Does not close the stream below."""
        self._finish()
        self._write(bytes(2 * header.BLOCK))

    def _extended(self, entry: Entry, data: bytes) -> None:
        name = "PaxHeaders.0/" + entry.path.rstrip("/").rpartition("/")[2][:60]
        plain = name if name.isascii() else "PaxHeaders.0/name"
        self._write(header.encode(Entry(plain, Kind.FILE, size=len(data), mode=0o644), b"x"))
        self._write(data + bytes(-len(data) % header.BLOCK))

    def _finish(self) -> None:
        if self._left:
            raise ValueError("less content than was announced")
        if self._padding:
            self._write(bytes(self._padding))
            self._padding = 0

    def _write(self, data: bytes | memoryview) -> None:
        self._out.write(data)
        self.size += len(data)
