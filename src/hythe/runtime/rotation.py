"""A file that is appended to and rotated by size, of which no write is ever half done.

Rotation renames PATH to PATH.1, PATH.1 to PATH.2 and so on, keeping `max_files` in all. A write that fails half-way
(a full disk) is cut off again, so that the file always consists of whole records; the output is then lost for the log
but not for attached clients, and the container is not held up. Kept out: what a record is (`logfile`, `jsonfile`).
"""

# ruff: noqa: PTH104, PTH108
from __future__ import annotations

import os
from collections.abc import Sequence

from hythe.runtime.protocol import Log


class RotatedFile:
    """`lost` counts the bytes that could not be written."""

    def __init__(self, log: Log) -> None:
        self._path = log["path"]
        self._max_size = log.get("max_size") or 0
        self._max_files = max(1, log.get("max_files") or 1)
        self.lost = 0
        self.fd = self._open()
        self.size = os.fstat(self.fd).st_size

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)

    def cut(self, size: int) -> None:
        """Let go of what is behind `size`."""
        os.ftruncate(self.fd, size)
        self.size = size

    @property
    def room(self) -> int | None:
        """Bytes until the file is to be rotated; None for a file without a limit."""
        return max(0, self._max_size - self.size) if self._max_size else None

    def append(self, pieces: Sequence[bytes | memoryview], length: int) -> bool:
        """Write all of them, `length` bytes, or nothing; whether that was done."""
        if self.fd < 0:
            return False
        try:
            written = os.writev(self.fd, pieces)
        except OSError:
            written = 0
        if written == length:
            self.size += length
            return True
        try:
            os.ftruncate(self.fd, self.size)
        except OSError:
            pass  # the reader stops at the torn record; the next opening repairs it
        return False

    def rotate(self) -> None:
        """Begin a new file. Where that fails (the folder is gone, the disk is full), the rest is lost."""
        self.close()
        try:
            if self._max_files == 1:
                os.unlink(self._path)
            for number in range(self._max_files - 2, 0, -1):
                _rename(f"{self._path}.{number}", f"{self._path}.{number + 1}")
            if self._max_files > 1:
                _rename(self._path, f"{self._path}.1")
            self.fd = self._open()
            self.size = os.fstat(self.fd).st_size
        except OSError:
            self.size = 0

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _rename(old: str, new: str) -> None:
    try:
        os.rename(old, new)
    except FileNotFoundError:
        pass
