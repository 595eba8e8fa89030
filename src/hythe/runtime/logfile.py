"""A container's log: frames appended to a file that is rotated by size.

The warden is the only writer. A write that fails half-way (a full disk) is cut off again, so that the file
always consists of whole frames; the output is then lost for the log but not for attached clients, and the
container is not held up. Rotation renames PATH to PATH.1, PATH.1 to PATH.2 and so on, keeping `max_files` in
all; a file begins with a whole line where one ended in the last part of the file before it.
"""

# ruff: noqa: PTH104, PTH108
from __future__ import annotations

import os
import time

from hythe.runtime.protocol import Log
from hythe.wire import logframes

_TAIL = 1 << 17


class LogFile:
    """`lost` counts the bytes that could not be written."""

    def __init__(self, log: Log) -> None:
        self._path = log["path"]
        self._max_size = log.get("max_size") or 0
        self._max_files = max(1, log.get("max_files") or 1)
        self.lost = 0
        self._fd = self._open()
        self._size = self._repaired(os.fstat(self._fd).st_size)

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)

    def _repaired(self, size: int) -> int:
        """Cut off a torn frame at the end, as a crash of the machine leaves it; the size after it."""
        if size == 0:
            return 0
        tail = os.pread(self._fd, _TAIL, max(0, size - _TAIL))
        try:
            if logframes.decode_before(tail, len(tail)) is not None:
                return size
        except logframes.Damaged:
            pass
        good = self._scan(size)
        os.ftruncate(self._fd, good)
        return good

    def _scan(self, size: int) -> int:
        """How many bytes from the start are whole frames."""
        good = 0
        while good < size:
            step = logframes.whole(os.pread(self._fd, 1 << 20, good))
            if step == 0:
                break
            good += step
        return good

    def write(self, stream: int, data: bytes) -> None:
        """Append one frame, or two around a rotation; `data` is at most 64 KiB. Never raises for the disk's sake."""
        if self._max_size and self._size and self._size + logframes.OVERHEAD + len(data) > self._max_size:
            room = max(0, self._max_size - self._size - logframes.OVERHEAD)
            cut = data.rfind(b"\n", 0, room) + 1
            if cut:
                self._append(stream, data[:cut])
            self._rotate()
            data = data[cut:]
        self._append(stream, data)

    def _append(self, stream: int, data: bytes) -> None:
        length = logframes.OVERHEAD + len(data)
        if self._fd < 0:
            self.lost += len(data)
            return
        header, trailer = logframes.around(time.time_ns(), stream, len(data))
        try:
            written = os.writev(self._fd, (header, data, trailer))
        except OSError:
            written = 0
        if written == length:
            self._size += length
            return
        self.lost += len(data)
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            pass  # the reader stops at the torn frame; the next opening repairs it

    def _rotate(self) -> None:
        os.close(self._fd)
        self._fd = -1
        try:
            if self._max_files == 1:
                os.unlink(self._path)
            for number in range(self._max_files - 2, 0, -1):
                _rename(f"{self._path}.{number}", f"{self._path}.{number + 1}")
            if self._max_files > 1:
                _rename(self._path, f"{self._path}.1")
            self._fd = self._open()
            self._size = os.fstat(self._fd).st_size
        except OSError:
            self._size = 0  # the folder is gone or the disk is full: the rest is counted as lost

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _rename(old: str, new: str) -> None:
    try:
        os.rename(old, new)
    except FileNotFoundError:
        pass
