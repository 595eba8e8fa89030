"""Records by revision, the most recently used of them.

What stands at a revision never changes, so nothing here is ever out of date: SQLite says which revision a key is at,
and the cache spares reading its value again. Only committed revisions may be put in.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from hythe.kube.store.contract import Record

BUDGET: Final = 32 << 20  # bytes
_OVERHEAD: Final = 400  # of Python's objects for one record


class RecordCache:
    """At most `budget` bytes of keys and values."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget, self._bytes = budget, 0
        self._records: OrderedDict[int, Record] = OrderedDict()

    def get(self, revision: int) -> Record | None:
        record = self._records.get(revision)
        if record is not None:
            self._records.move_to_end(revision)
        return record

    def put(self, record: Record) -> None:
        if record.revision in self._records:
            return
        self._records[record.revision] = record
        self._bytes += _size(record)
        while self._bytes > self._budget:
            self._bytes -= _size(self._records.popitem(last=False)[1])

    def drop(self, revision: int) -> None:
        """One that has been replaced and will hardly be asked for."""
        record = self._records.pop(revision, None)
        if record is not None:
            self._bytes -= _size(record)


def _size(record: Record) -> int:
    return len(record.key) + len(record.value) + _OVERHEAD
