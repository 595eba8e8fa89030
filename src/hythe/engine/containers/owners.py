"""Archives of a container whose ids are other numbers on the host: owners translated entry by entry.

An archive says 0 for the container's root, whatever that is on the host while it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from hythe.errors import InvalidArgument
from hythe.kernel.usernamespaces import Mapping
from hythe.store.archive.entry import Entry
from hythe.store.archive.reader import Reader
from hythe.store.archive.writer import Writer


def reader_of(stream: BinaryIO, mapping: Mapping | None) -> Reader:
    """The entries of an archive, with owners as the host has them."""
    return Reader(stream) if mapping is None else _Outward(stream, mapping)


def writer_of(stream: BinaryIO, mapping: Mapping | None) -> Writer:
    """Takes entries with owners as the host has them."""
    return Writer(stream) if mapping is None else _Inward(stream, mapping)


class _Outward(Reader):
    def __init__(self, stream: BinaryIO, mapping: Mapping) -> None:
        super().__init__(stream)
        self._mapping = mapping

    def __iter__(self) -> Iterator[Entry]:
        for entry in super().__iter__():
            uid, gid = self._mapping.uid(entry.uid), self._mapping.gid(entry.gid)
            if uid is None or gid is None:
                raise InvalidArgument(
                    f"{entry.path}: the owner {entry.uid}:{entry.gid} does not exist in the container",
                    hint="its user namespace has 65536 ids; --userns host has all",
                )
            entry.uid, entry.gid = uid, gid
            yield entry


class _Inward(Writer):
    def __init__(self, stream: BinaryIO, mapping: Mapping) -> None:
        super().__init__(stream)
        self._mapping = mapping

    def add(self, entry: Entry) -> None:
        uid, gid = self._mapping.inside(entry.uid, entry.gid)
        super().add(replace(entry, uid=uid, gid=gid))
