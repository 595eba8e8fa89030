"""A container's log as the driver `json-file` keeps it: Docker's JSON lines in a rotated file.

Whole pieces of output become records by `wire.jsonlog`. An unfinished line waits for its rest, up to 16 KiB as with
dockerd, so that a record is a line of output wherever a line is not longer than that.
"""

from __future__ import annotations

import os
import time

from hythe.runtime.protocol import Log
from hythe.runtime.rotation import RotatedFile
from hythe.wire import jsonlog

_LINE_LIMIT = 1 << 14
_BLOCK = 1 << 16


class JsonFile:
    """`lost` counts the bytes of records that could not be written."""

    def __init__(self, log: Log) -> None:
        self._file = RotatedFile(log)
        self._file.cut(self._whole(self._file.size))
        self._attributes = (log.get("attributes") or "").encode()
        self._held = {1: b"", 2: b""}
        self.lost = 0

    def _whole(self, size: int) -> int:
        """The size without a torn record at the end, as a crash of the machine leaves it."""
        end = size
        while end > 0:
            start = max(0, end - _BLOCK)
            found = os.pread(self._file.fd, end - start, start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
        return 0

    def write(self, stream: int, data: bytes) -> None:
        """Append the lines in `data`, which is at most 64 KiB. Never raises for the disk's sake."""
        if held := self._held[stream]:
            data = held + data
        end = data.rfind(b"\n") + 1
        if len(data) - end >= _LINE_LIMIT:
            end = len(data) - jsonlog.unfinished_character(data)
        self._held[stream] = data[end:]
        if end:
            self._append(stream, data if end == len(data) else data[:end])

    def _append(self, stream: int, data: bytes) -> None:
        records = memoryview(jsonlog.encode(data, jsonlog.tail(stream, time.time_ns(), self._attributes)))
        while records:
            cut = self._fitting(records)
            if not self._file.append((records[:cut],), cut):
                self.lost += cut
            records = records[cut:]

    def _fitting(self, records: memoryview) -> int:
        """How many bytes go into the file before the next rotation: whole records, at least one."""
        room = self._file.room
        if room is None or len(records) <= room:
            return len(records)
        data = records.obj
        assert isinstance(data, bytes)
        start = len(data) - len(records)
        cut = data.rfind(b"\n", start, start + room) + 1 - start
        if cut <= 0 and self._file.size:
            self._file.rotate()
            return self._fitting(records) if self._file.fd >= 0 else len(records)
        return cut if cut > 0 else data.index(b"\n", start) + 1 - start

    def close(self) -> None:
        """The program has ended: its unfinished lines have no rest."""
        for stream, held in self._held.items():
            if held:
                self._append(stream, held)
        self._held = {1: b"", 2: b""}
        self._file.close()
