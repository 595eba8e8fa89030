"""Contents by digest: blobs/sha256/HEX, the layout of an OCI image directory (image-spec, image-layout.md).

A blob is written to a temporary file while it is being hashed and gets its name only when the digest is right,
so whatever has a name is whole and true. Kept out: who still needs a blob (`images.py`), and layers, that are kept
as directories (`snapshots.py`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from hythe.base.ids import random_hex
from hythe.errors import InvalidArgument, NotFound
from hythe.oci import digest as digests

_CHUNK: Final = 1 << 20


class Blobs:
    """The blobs below `root`. Safe for several threads: equal contents may be written twice, and meet at the name."""

    def __init__(self, root: Path) -> None:
        self._folder, self._ingest = root / "sha256", root / "ingest"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._ingest.mkdir(exist_ok=True, mode=0o700)
        for leftover in self._ingest.iterdir():
            leftover.unlink()

    def path(self, digest: str) -> Path:
        """Where the blob is, or would be."""
        return self._folder / digests.hexadecimal(digest)

    def exists(self, digest: str) -> bool:
        return self.path(digest).exists()

    def put(self, data: bytes) -> str:
        """Keep `data`, durably; its digest."""
        digest = digests.of_bytes(data)
        if not self.exists(digest):
            temporary = self._temporary()
            try:
                with temporary.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.rename(self.path(digest))
            finally:
                temporary.unlink(missing_ok=True)
        return digest

    def copy(self, source: BinaryIO, expected: str | None = None) -> tuple[str, int]:
        """Keep all that `source` gives: (digest, bytes). Raises InvalidArgument if it is not the `expected` one."""
        temporary, hasher, size = self._temporary(), hashlib.sha256(), 0
        try:
            with temporary.open("xb") as file:
                while chunk := source.read(_CHUNK):
                    hasher.update(chunk)
                    size += file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            digest = digests.PREFIX + hasher.hexdigest()
            if expected is not None and digest != expected:
                raise InvalidArgument(f"the content has the digest {digest}, not {expected} as announced")
            temporary.rename(self.path(digest))
        finally:
            temporary.unlink(missing_ok=True)
        return digest, size

    def read(self, digest: str) -> bytes:
        """A small blob, whole. Raises NotFound."""
        try:
            return self.path(digest).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"there is no blob {digest}") from error

    def delete(self, digest: str) -> None:
        """Remove a blob; removing what is not there is no error."""
        self.path(digest).unlink(missing_ok=True)

    def all(self) -> Iterator[str]:
        """The digests of all blobs."""
        for entry in self._folder.iterdir():
            yield digests.PREFIX + entry.name

    def _temporary(self) -> Path:
        return self._ingest / random_hex()
