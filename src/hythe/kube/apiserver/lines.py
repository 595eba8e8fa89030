"""Lines of watches that were made lately: most watchers of a kind want the same, and each is made once."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from hythe.kube.apiserver.records import Kept

_KEPT_LINES: Final = 1000


class Lines:
    """Lines that were made lately, by kind of change, apiVersion and revision; at most so many are kept."""

    def __init__(self) -> None:
        self._lines: OrderedDict[tuple[str, str, int], bytes] = OrderedDict()

    def line(self, change: str, kept: Kept) -> bytes:
        """The line of a whole object."""
        key = (change, kept.definition.api_version, kept.revision)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = b'{"type":"%b","object":%b}\n' % (change.encode(), kept.json())
            if len(self._lines) > _KEPT_LINES:
                self._lines.popitem(last=False)
        return line
