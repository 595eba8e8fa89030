"""A container's log as the driver `local` keeps it: frames appended to a rotated file, payloads as they were read.

The warden is the only writer. A file begins with a whole line where one ended in the last part of the file before it.
"""

from __future__ import annotations

import os
import time

from hythe.runtime.protocol import Log
from hythe.runtime.rotation import RotatedFile
from hythe.wire import logframes

_TAIL = 1 << 17


class LogFile:
    """`lost` counts the bytes that could not be written."""

    def __init__(self, log: Log) -> None:
        self._file = RotatedFile(log)
        self._file.cut(self._repaired(self._file.size))
        self._unfinished = False
        self.lost = 0

    def _repaired(self, size: int) -> int:
        """The size without a torn frame at the end, as a crash of the machine leaves it."""
        if size == 0:
            return 0
        tail = os.pread(self._file.fd, _TAIL, max(0, size - _TAIL))
        try:
            if logframes.decode_before(tail, len(tail)) is not None:
                return size
        except logframes.Damaged:
            pass
        return self._scan(size)

    def _scan(self, size: int) -> int:
        """How many bytes from the start are whole frames."""
        good = 0
        while good < size:
            step = logframes.whole(os.pread(self._file.fd, 1 << 20, good))
            if step == 0:
                break
            good += step
        return good

    def write(self, stream: int, data: bytes) -> None:
        """Append one frame, or two around a rotation; `data` is at most 64 KiB. Never raises for the disk's sake."""
        room = self._file.room
        if room is not None and self._file.size and room < logframes.OVERHEAD + len(data):
            cut = data.rfind(b"\n", 0, max(0, room - logframes.OVERHEAD)) + 1
            if not cut and self._unfinished:
                cut = data.find(b"\n") + 1  # the rest of a line that has begun in this file
            if cut:
                self._append(stream, data[:cut])
            self._file.rotate()
            data = data[cut:]
        self._append(stream, data)

    def _append(self, stream: int, data: bytes) -> None:
        self._unfinished = not data.endswith(b"\n")
        header, trailer = logframes.around(time.time_ns(), stream, len(data))
        if not self._file.append((header, data, trailer), logframes.OVERHEAD + len(data)):
            self.lost += len(data)

    def close(self) -> None:
        self._file.close()
