"""Lines of watches that were made lately: most watchers of a kind want the same, and each is made once."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from hythe.kube.apiserver.records import Kept

MAX_LINES: Final = 1000
MAX_BYTES: Final = 8 * 1024 * 1024


class Lines:
    """Lines by kind of change, apiVersion and revision; so many of them, and of so many bytes, are kept."""

    def __init__(self, most: int = MAX_BYTES) -> None:
        self._lines: OrderedDict[tuple[str, str, int], bytes] = OrderedDict()
        self._size, self._most = 0, most

    def line(self, change: str, kept: Kept) -> bytes:
        """The line of a whole object."""
        key = (change, kept.definition.api_version, kept.revision)
        line = self._lines.get(key)
        if line is None:
            line = b'{"type":"%b","object":%b}\n' % (change.encode(), kept.json())
            self._keep(key, line)
        return line

    def _keep(self, key: tuple[str, str, int], line: bytes) -> None:
        self._lines[key] = line
        self._size += len(line)
        while self._lines and (len(self._lines) > MAX_LINES or self._size > self._most):
            _, oldest = self._lines.popitem(last=False)
            self._size -= len(oldest)

    def __len__(self) -> int:
        return len(self._lines)
