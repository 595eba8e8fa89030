"""Reads and writes: each is one range, or one transaction that compares the key's revision first.

A transaction that does not succeed reads the key in the same step, so a mismatch tells what was there at that moment.
etcd takes revision 0 for "now" and "is not there", so neither is sent where a caller's number is meant.
"""

from __future__ import annotations

from typing import Any

from hythe.kube.store.contract import KeyExists, Page, Record, RevisionMismatch
from hythe.kube.store.etcd.channel import Channel, WasCompacted
from hythe.kube.store.etcd.messages import EQUAL, MOD, message
from hythe.kube.store.keys import end_of

_Range, _Put, _Delete = message("RangeRequest"), message("PutRequest"), message("DeleteRequest")
_Compare, _Op, _Txn = message("Compare"), message("RequestOp"), message("TxnRequest")


class KeyValue:
    """Raises what the channel raises, and KeyExists and RevisionMismatch."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def revision(self) -> int:
        answer = await self._channel.call("Range", _Range(key=b"/", count_only=True))
        return int(answer.header.revision)

    async def is_there(self, revision: int) -> bool:
        """Whether the state at a revision that has been can still be read."""
        try:
            await self._channel.call("Range", _Range(key=b"/", count_only=True, revision=max(revision, 1)))
        except WasCompacted:
            return False
        return True

    async def create(self, key: str, value: bytes, lease: int) -> int:
        put = _Op(put=_Put(key=key.encode(), value=value, lease=lease))
        answer = await self._change(key, 0, put)
        if not answer.succeeded:
            raise KeyExists(key)
        return int(answer.header.revision)

    async def update(self, key: str, value: bytes, expected: int, lease: int) -> int:
        return await self._swap(key, expected, _Op(put=_Put(key=key.encode(), value=value, lease=lease)))

    async def delete(self, key: str, expected: int) -> int:
        return await self._swap(key, expected, _Op(delete=_Delete(key=key.encode())))

    async def get(self, key: str, at: int | None) -> Record | None:
        answer = await self._channel.call("Range", _Range(key=key.encode(), revision=_revision(at)))
        return record(answer.kvs[0]) if answer.kvs else None

    async def page(self, prefix: str, at: int | None, limit: int, after: str) -> Page:
        begin = max(prefix, after + "\0" if after else "")
        end = end_of(prefix).encode()
        asked = _Range(key=begin.encode(), range_end=end, limit=limit, revision=_revision(at))
        answer = await self._channel.call("Range", asked)
        records = [record(kv) for kv in answer.kvs]
        return Page(at if at is not None else answer.header.revision, records, answer.count - len(records))

    async def count(self, prefix: str) -> int:
        asked = _Range(key=prefix.encode(), range_end=end_of(prefix).encode(), count_only=True)
        return int((await self._channel.call("Range", asked)).count)

    async def _swap(self, key: str, expected: int, change: Any) -> int:
        if expected <= 0:
            raise RevisionMismatch(key, expected, await self.get(key, None))
        answer = await self._change(key, expected, change)
        if not answer.succeeded:
            there = answer.responses[0].range.kvs
            raise RevisionMismatch(key, expected, record(there[0]) if there else None)
        return int(answer.header.revision)

    async def _change(self, key: str, expected: int, change: Any) -> Any:
        compare = _Compare(result=EQUAL, target=MOD, key=key.encode(), mod_revision=expected)
        otherwise = [] if expected == 0 else [_Op(range=_Range(key=key.encode()))]
        return await self._channel.call("Txn", _Txn(compare=[compare], success=[change], failure=otherwise))


def record(kv: Any) -> Record:
    return Record(kv.key.decode(), kv.value, kv.mod_revision, kv.create_revision)


def _revision(at: int | None) -> int:
    """An empty etcd is at revision 1."""
    return 0 if at is None else max(at, 1)
