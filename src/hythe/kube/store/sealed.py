"""A store that keeps chosen values encrypted: Secrets, so that who reads the disk or a backup of it does not read them.

    value in the store    MAGIC, id of the key (8 bytes), nonce (12), AES-256-GCM of the value
    bound to              its key in the store: a sealed value that is moved to another place does not open

The keys are in a file, a line of base64 each (32 bytes), readable by its owner alone. The first one seals, all of them
open: to change the key, put a new line before the others, and write the values anew. What is not sealed (written before
there was a key) is passed through, and sealed when it is next written.

It is a wrapper around any store and adds nothing to the contract. What it cannot do: hide keys, sizes, or times.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from hythe.base.files import write_atomic
from hythe.errors import SystemProblem
from hythe.kube.store.contract import Batch, Event, Page, Record, RevisionMismatch, Store, Watch
from hythe.kube.store.keys import check_value

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC: Final = b"\0hythe-sealed-1\0"  # no JSON begins so
_KEY_BYTES: Final = 32
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12


class Seal:
    """The keys of one file."""

    def __init__(self, keys: list[bytes], path: Path) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._path = path
        self._ciphers: dict[bytes, AESGCM] = {_id(key): AESGCM(key) for key in keys}
        self._first = _id(keys[0])

    @classmethod
    def load(cls, path: Path) -> Seal:
        """From a file, made with a new key if it is not there. Raises SystemProblem for one of another form."""
        if not path.exists():
            write_atomic(path, b64encode(os.urandom(_KEY_BYTES)) + b"\n", 0o600)
        try:
            keys = [b64decode(line, validate=True) for line in path.read_bytes().split()]
        except Base64Error as error:
            raise SystemProblem(f"{path}: not base64") from error
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise SystemProblem(f"{path}: each line has to be {_KEY_BYTES} bytes as base64")
        return cls(keys, path)

    def close(self, key: str, value: bytes) -> bytes:
        """Seal a value for its place."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, value, key.encode())
        return MAGIC + self._first + nonce + sealed

    def open(self, key: str, value: bytes) -> bytes:
        """What was sealed; what never was, as it is. Raises SystemProblem if it does not open."""
        if not value.startswith(MAGIC):
            return value
        from cryptography.exceptions import InvalidTag

        body = value[len(MAGIC) :]
        cipher = self._ciphers.get(body[:_ID_BYTES])
        nonce, sealed = body[_ID_BYTES : _ID_BYTES + _NONCE_BYTES], body[_ID_BYTES + _NONCE_BYTES :]
        if cipher is None:
            raise SystemProblem(f"{key} is encrypted with a key that is not in {self._path}")
        try:
            return cipher.decrypt(nonce, sealed, key.encode())
        except (InvalidTag, ValueError) as error:
            raise SystemProblem(f"{key} cannot be decrypted: it was changed or moved in the store") from error


class SealedStore:
    """A `contract.Store` over another; `prefixes`: of the keys whose values are sealed."""

    def __init__(self, store: Store, seal: Seal, prefixes: tuple[str, ...]) -> None:
        self._store, self._seal, self._prefixes = store, seal, prefixes
        self.revision = store.revision
        self.count = store.count
        self.compacted = store.compacted
        self.compact = store.compact
        self.close = store.close

    async def create(self, key: str, value: bytes, *, ttl: float | None = None) -> int:
        return await self._store.create(key, self._close(key, value), ttl=ttl)

    async def update(self, key: str, value: bytes, expected: int, *, ttl: float | None = None) -> int:
        try:
            return await self._store.update(key, self._close(key, value), expected, ttl=ttl)
        except RevisionMismatch as error:
            raise self._mismatch(error) from error

    async def delete(self, key: str, expected: int) -> int:
        try:
            return await self._store.delete(key, expected)
        except RevisionMismatch as error:
            raise self._mismatch(error) from error

    async def get(self, key: str, at: int | None = None) -> Record | None:
        record = await self._store.get(key, at)
        return None if record is None else self._record(record)

    async def list(self, prefix: str, *, at: int | None = None, limit: int = 0, after: str = "") -> Page:
        page = await self._store.list(prefix, at=at, limit=limit, after=after)
        if not self._concerns(prefix):
            return page
        return msgspec.structs.replace(page, records=[self._record(record) for record in page.records])

    async def watch(self, prefix: str, after: int | None = None) -> Watch:
        watch = await self._store.watch(prefix, after)
        return _OpenedWatch(watch, self) if self._concerns(prefix) else watch

    def event(self, event: Event) -> Event:
        """As it was before it was sealed."""
        if not event.key.startswith(self._prefixes):
            return event
        value, previous = (
            None if value is None else self._seal.open(event.key, value)
            for value in (event.value, event.previous)
        )
        return Event(event.key, event.revision, value, previous)

    def _close(self, key: str, value: bytes) -> bytes:
        if not key.startswith(self._prefixes):
            return value
        check_value(key, value)
        return self._seal.close(key, value)

    def _record(self, record: Record) -> Record:
        if not record.key.startswith(self._prefixes):
            return record
        return msgspec.structs.replace(record, value=self._seal.open(record.key, record.value))

    def _mismatch(self, error: RevisionMismatch) -> RevisionMismatch:
        current = None if error.current is None else self._record(error.current)
        return RevisionMismatch(error.key, error.expected, current)

    def _concerns(self, prefix: str) -> bool:
        """Whether any of our keys begins so."""
        return any(ours.startswith(prefix) or prefix.startswith(ours) for ours in self._prefixes)


class _OpenedWatch:
    """A watch whose events are opened."""

    def __init__(self, watch: Watch, store: SealedStore) -> None:
        self._watch, self._store = watch, store
        self.request_progress = watch.request_progress
        self.close = watch.close

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        batch = await self._watch.__anext__()
        return Batch(batch.revision, [self._store.event(event) for event in batch.events])


def _id(key: bytes) -> bytes:
    return hashlib.sha256(b"hythe-sealed" + key).digest()[:_ID_BYTES]
