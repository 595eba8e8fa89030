"""Taking an archive in: compression off, hash and size of what is inside, and, if wanted, a copy to keep.

The copy is of the bytes as they came when they came compressed; a plain archive is compressed with zstd for
keeping. Either gives back exactly the bytes that the digest is of.
"""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO, Final

from hythe.oci import digest as digests
from hythe.store.archive.compression import PLAIN, Observer, Readable, Tap, ZstdSink, decompress, detect
from hythe.store.archive.entry import BadArchive, Limits
from hythe.store.archive.reader import Reader
from hythe.store.archive.unpack import Unpacker

_BUFFER: Final = 1 << 20


class Intake:
    """One archive, read once by `unpack`; then `digest` and `size` are those of the plain archive.

    `root_given`: it has an entry for the root directory itself.
    """

    def __init__(self, source: Readable, limits: Limits, *, kept: BinaryIO | None = None) -> None:
        self._hash = hashlib.sha256()
        self.size, self.root_given = 0, False
        self.compression, whole = detect(source)
        observers: list[Observer] = [self._hash.update, self._count]
        self._sink: ZstdSink | None = None
        if kept is not None and self.compression == PLAIN:
            self._sink = ZstdSink(kept)
            observers.append(self._sink.write)
        self._outer = Tap(whole, [kept.write] if kept is not None and self.compression != PLAIN else ())
        plain = decompress(self.compression, self._outer, observers)
        self._reader = Reader(io.BufferedReader(plain, _BUFFER), limits)

    def unpack(self, directory: int) -> int:
        """Write the layer's files below the directory descriptor; the bytes of their content."""
        unpacker = Unpacker(directory, whiteouts=True)
        unpacker.run(self._reader)
        while self._outer.read(_BUFFER):
            pass  # what follows the compressed data belongs to the copy as well
        if self._sink is not None:
            self._sink.close()
        self.root_given = unpacker.root_given
        return unpacker.size

    def check_end(self, *, trusted: bool) -> None:
        """Without an end marker an archive may have been cut off, unless its digest was known to be right."""
        if not trusted and not self._reader.ended:
            raise BadArchive("the archive is truncated: it has no end marker")

    @property
    def digest(self) -> str:
        return digests.PREFIX + self._hash.hexdigest()

    def _count(self, data: memoryview) -> None:
        self.size += len(data)
