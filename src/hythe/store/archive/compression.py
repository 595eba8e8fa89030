"""Compressed streams, told apart by their first bytes: gzip (isal), zstd (zstandard), xz and bzip2 (Python's own).

Streams are piled up as raw readers, each a `io.RawIOBase`: a `Tap` shows all that passes to observers (a hash, a
file), `plain` takes the compression off. Damage becomes `BadArchive`, whatever library noticed it. How much may
come out of a small input is bounded by the reader of the archive, that counts what it takes.
"""

from __future__ import annotations

import bz2
import io
import lzma
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Final, Protocol, cast

import zstandard
from isal import igzip, isal_zlib

from hythe.store.archive.entry import BadArchive

BUFFER: Final = 1 << 20
PLAIN, GZIP, ZSTD, XZ, BZIP2 = "", "gzip", "zstd", "xz", "bzip2"
_MAGIC: Final = ((b"\x1f\x8b", GZIP), (b"\x28\xb5\x2f\xfd", ZSTD), (b"\xfd7zXZ\x00", XZ), (b"BZh", BZIP2))
_HEAD: Final = 6
_ZSTD_WINDOW: Final = 1 << 27
_DAMAGE: Final[tuple[type[Exception], ...]] = (
    EOFError,
    lzma.LZMAError,
    zstandard.ZstdError,
    cast("type[Exception]", isal_zlib.error),
    igzip.BadGzipFile,
    ValueError,
)

Observer = Callable[[memoryview], object]


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Tap(io.RawIOBase):
    """Reads from `source` and shows each piece to the observers. `name` is for messages about damage."""

    def __init__(self, source: Readable, observers: Sequence[Observer] = (), *, name: str = "") -> None:
        self._source, self._observers, self._name = source, observers, name
        self._readinto = getattr(source, "readinto", None)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        try:
            count = self._fill(view)
        except _DAMAGE as error:
            raise self._damage(error) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise self._damage(error) from error  # what bz2 and gzip raise is no error of the system
        for observer in self._observers:
            observer(view[:count])
        return count

    def _damage(self, error: Exception) -> BadArchive:
        return BadArchive(f"the archive's {self._name or 'content'} data is damaged or truncated: {error}")

    def _fill(self, view: memoryview) -> int:
        if self._readinto is not None:
            return int(self._readinto(view) or 0)
        data = self._source.read(len(view))
        view[: len(data)] = data
        return len(data)


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head, self._rest = head, Tap(rest)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not self._head:
            return self._rest.readinto(buffer)
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._head))
        view[:count], self._head = self._head[:count], self._head[count:]
        return count


def detect(stream: Readable) -> tuple[str, io.RawIOBase]:
    """(the compression, the stream as if nothing had been read)."""
    head = b""
    while len(head) < _HEAD and (more := stream.read(_HEAD - len(head))):
        head += more
    kind = next((name for magic, name in _MAGIC if head.startswith(magic)), PLAIN)
    return kind, _Rejoined(head, stream)


def decompress(kind: str, stream: io.RawIOBase, observers: Sequence[Observer] = ()) -> Tap:
    """The plain content of a stream compressed as `kind`."""
    if kind == PLAIN:
        return Tap(cast(Readable, stream), observers)
    buffered = cast(BinaryIO, io.BufferedReader(stream, BUFFER))
    opened: Any
    if kind == GZIP:
        opened = igzip.IGzipFile(fileobj=buffered, mode="rb")  # type: ignore[no-untyped-call]
    elif kind == ZSTD:
        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        opened = decompressor.stream_reader(buffered, read_size=BUFFER, read_across_frames=True)
    elif kind == XZ:
        opened = lzma.LZMAFile(buffered)  # noqa: SIM115
    else:
        opened = bz2.BZ2File(buffered)
    return Tap(opened, observers, name=kind)


def plain(stream: Readable, observers: Sequence[Observer] = ()) -> io.BufferedReader:
    """The content of a stream compressed in any known way or not at all, buffered."""
    kind, whole = detect(stream)
    return io.BufferedReader(decompress(kind, whole, observers), BUFFER)


class ZstdSink:
    """Compresses what it is given into `out`; `close` ends the frame and leaves `out` open."""

    def __init__(self, out: BinaryIO, level: int = 1) -> None:
        self._out, self._compressor = (
            out,
            zstandard.ZstdCompressor(level=level, write_checksum=True).compressobj(),
        )

    def write(self, data: bytes | memoryview) -> None:
        self._out.write(self._compressor.compress(data))

    def close(self) -> None:
        self._out.write(self._compressor.flush())
