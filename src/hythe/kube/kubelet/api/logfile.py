"""Reading one container's log file, in CRI's format, as a client asked for it: the end of it, since when, how much.

A reader over a file object: `LogReader.read` gives what is there, again and again; waiting for more is the caller's
business. Source: pkg/kubelet/kuberuntime/logs of Kubernetes.
"""

from __future__ import annotations

import os
from typing import BinaryIO, NamedTuple

BLOCK = 64 * 1024


class Options(NamedTuple):
    """`tail` None: from the beginning. `since`: RFC 3339 in UTC. `limit` in bytes.

    `stream`: only "stdout" or "stderr"; "" for both.
    """

    tail: int | None = None
    since: str = ""
    timestamps: bool = False
    limit: int | None = None
    stream: str = ""


def tail_offset(file: BinaryIO, lines: int) -> int:
    """Where the last so many lines begin."""
    end = file.seek(0, os.SEEK_END)
    if lines <= 0:
        return end
    position, counted = end, 0
    while position > 0:
        begin = max(0, position - BLOCK)
        file.seek(begin)
        block = file.read(position - begin)
        if position == end and block.endswith(b"\n"):
            block = block[:-1]
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            counted += 1
            if counted == lines:
                return begin + at + 1
        position = begin
    return 0


class LogReader:
    """`file` is at any place; `done` once the limit is reached."""

    def __init__(self, file: BinaryIO, options: Options) -> None:
        self._file = file
        self._options = options
        self._rest = b""
        self._left = options.limit
        self._fresh = True
        self.done = False
        file.seek(0 if options.tail is None else tail_offset(file, options.tail))

    def follow(self, file: BinaryIO) -> None:
        """Go on in another file, from its beginning: the log was rotated."""
        self._file = file

    def read(self) -> bytes:
        """What whole lines there are now, b"" if none; at most about `BLOCK` bytes."""
        while not self.done:
            data = self._file.read(BLOCK)
            *lines, self._rest = (self._rest + data).split(b"\n")
            if out := b"".join(self._shown(line) for line in lines):
                return out
            if not data:
                break
        return b""

    def _shown(self, line: bytes) -> bytes:
        parts = line.split(b" ", 3)
        if self.done or len(parts) < 4:
            return b""
        time, stream, tag, text = parts
        if self._options.stream and stream.decode() != self._options.stream:
            return b""
        if self._options.since and _sortable(time.decode()) < _sortable(self._options.since):
            return b""
        said = text if tag.split(b":")[0] == b"P" else text + b"\n"
        if self._options.timestamps and self._fresh:
            said = time + b" " + said
        self._fresh = said.endswith(b"\n")
        if self._left is not None:
            said = said[: self._left]
            self._left -= len(said)
            self.done = self._left <= 0
        return said


def _sortable(time: str) -> str:
    """With all nine digits, so that texts compare as times do."""
    whole, _, fraction = time.rstrip("Z").partition(".")
    return f"{whole}.{fraction:0<9}"
