"""A layer as the blob that is sent: gzip, for every registry and every client takes that.

A layer that came compressed so is sent as it came, byte for byte, and is the same blob in every registry. Any other is
compressed anew into a file, by the same code at the same level, so that the same layer gives the same blob again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from isal import isal_zlib

from hythe.errors import from_os
from hythe.oci import digest as digests
from hythe.oci import media
from hythe.oci.manifest import Descriptor
from hythe.store.archive.compression import GZIP
from hythe.store.layers import Layers

_LEVEL: Final = 2
_GZIP_WINDOW: Final = 31
_CHUNK: Final = 1 << 20


def blob_of(layers: Layers, chain: str, place: Path) -> tuple[Descriptor, Path]:
    """(what the blob is, the file that has it: `place`, which is the caller's to remove, or one of the store's)."""
    kept = layers.archive(chain)
    try:
        if kept is not None and kept[0] == GZIP:
            with kept[1].open("rb") as file:
                digest = digests.PREFIX + hashlib.file_digest(file, "sha256").hexdigest()
                return Descriptor(media.DOCKER_LAYER_GZIP, digest, file.tell()), kept[1]
        with place.open("wb") as out:
            packed = _Gzip(out.write)
            layers.write(chain, packed)
            packed.close()
        return Descriptor(media.DOCKER_LAYER_GZIP, packed.digest, packed.size), place
    except OSError as error:
        raise from_os(error, "pack a layer") from error


class _Gzip:
    """Compresses what is written, and hashes and counts what comes out."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)
        self._hash, self.size = hashlib.sha256(), 0

    def write(self, data: bytes | memoryview) -> None:
        self._out(self._compressor.compress(data))

    def close(self) -> None:
        self._out(self._compressor.flush())

    @property
    def digest(self) -> str:
        return digests.PREFIX + self._hash.hexdigest()

    def _out(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)
        self._write(data)
