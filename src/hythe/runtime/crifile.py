"""A container's log as Kubernetes reads it: the driver `cri`, lines of `wire.crilog` in one file.

Who asked for it rotates it: the file is moved away, and `reopen` begins another at the same path. A line that is longer
than 16 KiB is cut into parts, as containerd does; an unfinished one waits for its rest.
"""

from __future__ import annotations

import os
import time
from typing import Final

from hythe.runtime.protocol import Log
from hythe.runtime.rotation import RotatedFile
from hythe.wire import crilog

_LINE_LIMIT: Final = 1 << 14


class CriFile:
    """`lost` counts the bytes of records that could not be written."""

    def __init__(self, log: Log) -> None:
        self._log: Log = {**log, "max_size": 0, "max_files": 1}
        self._file = RotatedFile(self._log)
        self._end_torn_record()
        self._held = {1: b"", 2: b""}
        self.lost = 0

    def _end_torn_record(self) -> None:
        """A crash of the machine may have left one without its newline; it is not ours to cut off."""
        if self._file.size and os.pread(self._file.fd, 1, self._file.size - 1) != b"\n":
            self._file.append((b"\n",), 1)

    def write(self, stream: int, data: bytes) -> None:
        """Append the lines in `data`, which is at most 64 KiB. Never raises for the disk's sake."""
        if held := self._held[stream]:
            data = held + data
        end = data.rfind(b"\n") + 1
        if end:
            self._lines(stream, data[:end])
        rest = data[end:]
        while len(rest) >= _LINE_LIMIT:
            self._append(crilog.encode_part(time.time_ns(), stream, rest[:_LINE_LIMIT]))
            rest = rest[_LINE_LIMIT:]
        self._held[stream] = rest

    def _lines(self, stream: int, lines: bytes) -> None:
        now = time.time_ns()
        if len(lines) <= _LINE_LIMIT:
            self._append(crilog.encode(now, stream, lines))
            return
        records: list[bytes] = []
        for line in _split(lines):
            while len(line) > _LINE_LIMIT + 1:
                records.append(crilog.encode_part(now, stream, line[:_LINE_LIMIT]))
                line = line[_LINE_LIMIT:]
            records.append(crilog.encode(now, stream, line))
        self._append(b"".join(records))

    def _append(self, records: bytes) -> None:
        if not self._file.append((records,), len(records)):
            self.lost += len(records)

    def reopen(self) -> None:
        """Go on in a new file at the same path, the old one having been moved. Raises OSError."""
        fresh = RotatedFile(self._log)
        self._file.close()
        self._file = fresh
        self._end_torn_record()

    def close(self) -> None:
        """The program has ended: its unfinished lines have no rest."""
        for stream, held in self._held.items():
            if held:
                self._append(crilog.encode(time.time_ns(), stream, held + b"\n"))
        self._held = {1: b"", 2: b""}
        self._file.close()


def _split(lines: bytes) -> list[bytes]:
    """At newlines alone."""
    return [line + b"\n" for line in lines[:-1].split(b"\n")]
