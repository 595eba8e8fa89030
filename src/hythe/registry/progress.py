"""How a transfer goes, in docker's messages: one JSON object for each change, which clients draw as bars.

{"status": "Downloading", "id": "9dc4217c6a2d", "progressDetail": {"current": 1, "total": 2}, "progress": "[==> ..."}
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any, Final

from hythe.base.units import human_size

Message = dict[str, Any]
Report = Callable[[Message], None]

_WIDTH: Final = 50
_INTERVAL: Final = 0.1
_ID: Final = 12


def short(digest: str) -> str:
    """The part of a digest that stands for a layer in messages."""
    return digest.partition(":")[2][:_ID]


def said(status: str, id: str = "") -> Message:
    """A sentence, of the whole or of a tag."""
    return {"status": status, "id": id} if id else {"status": status}


def state(id: str, status: str) -> Message:
    """A layer has come to another state."""
    return {"status": status, "progressDetail": {}, "id": id}


def bar(id: str, status: str, current: int, total: int) -> Message:
    detail = {"current": current, "total": total}
    return {"status": status, "progressDetail": detail, "progress": drawn(current, total), "id": id}


def drawn(current: int, total: int) -> str:
    """The bar that clients show which draw none of their own."""
    if total <= 0:
        return f"{human_size(current, 4):>8}"
    filled = min(current * 100 // total // 2, _WIDTH)
    numbers = f"{human_size(current, 4):>8}"
    if current <= total:
        numbers += f"/{human_size(total, 4)}"
    return f"[{'=' * filled}>{' ' * (_WIDTH - filled)}] {numbers}"


class Counted:
    """A file whose reader is told how far it has come."""

    def __init__(self, file: io.FileIO, show: Callable[[int], None]) -> None:
        self._file, self._show, self._read = file, show, 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size) or b""
        self._count(len(data))
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        count = self._file.readinto(buffer) or 0
        self._count(count)
        return count

    def _count(self, bytes_read: int) -> None:
        self._read += bytes_read
        self._show(self._read)


class Meter:
    """Counts bytes and reports them, not more often than anybody can see."""

    def __init__(self, report: Report, id: str, status: str, total: int) -> None:
        self._report, self._id, self._status, self._total = report, id, status, total
        self._due, self._shown = 0.0, 0

    def show(self, current: int) -> None:
        now = time.monotonic()
        if current != self._shown and (now >= self._due or current == self._total):
            self._due, self._shown = now + _INTERVAL, current
            self._report(bar(self._id, self._status, current, self._total))
