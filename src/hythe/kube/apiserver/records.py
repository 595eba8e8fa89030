"""Objects in the store: where each is kept, how it is read and written, and what clients hear if that fails.

    /registry/GROUP/RESOURCE/NAMESPACE/NAME      GROUP is "core" for the nameless one
    /registry/GROUP/RESOURCE/NAME                of resources without a namespace

All versions of a resource share its keys. The store's errors become Kubernetes' own here, and nowhere else: 404, 409,
410. A resourceVersion is the store's revision, as a decimal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple

from hythe.kube.apiserver.conversion import convert
from hythe.kube.apiserver.definitions import CustomResource, Definition, head_of, is_stored
from hythe.kube.apiserver.encoding import dumps, pack, stamped, unpack
from hythe.kube.apiserver.strategies import strategy_of
from hythe.kube.objects import status
from hythe.kube.objects.custom.pruning import fill
from hythe.kube.objects.types import Object
from hythe.kube.store.contract import (
    MAX_VALUE,
    Compacted,
    FutureRevision,
    KeyExists,
    Page,
    RevisionMismatch,
    Store,
    ValueTooLarge,
    Watch,
)

ROOT: Final = "/registry/"
RETRIES: Final = 20
"""How often a change that nobody tied to a revision is tried again when another came in between."""


class Kept(NamedTuple):
    """An object as it is stored, the revision of its last change, and the version in which it was asked for."""

    definition: Definition
    raw: bytes
    revision: int

    def object(self) -> Object:
        """A fresh copy, with its resourceVersion."""
        obj = unpack(self.raw, self.revision)
        if self.is_plain():
            return obj
        obj = convert(self.definition, obj, self.definition.api_version)
        if isinstance(self.definition, CustomResource):
            fill(obj, self.definition.schema)
        return obj

    def json(self) -> bytes:
        return stamped(self.raw, self.revision) if self.is_plain() else dumps(self.object())

    def is_plain(self) -> bool:
        """Whether the bytes are what was asked for. A custom resource may have changed its storage or defaults."""
        if isinstance(self.definition, CustomResource):
            head = head_of(self.definition.api_version, self.definition.kind)
            return not self.definition.fills and self.raw.startswith(head)
        return is_stored(self.definition)


def packed(definition: Definition, obj: Object) -> bytes:
    """The bytes to store."""
    return pack(obj if is_stored(definition) else convert(definition, obj, definition.storage))


def prefix_of(definition: Definition, namespace: str = "") -> str:
    """What the keys of a resource begin with, in one namespace or in all."""
    base = f"{ROOT}{definition.stored_group or 'core'}/{definition.plural}/"
    return f"{base}{namespace}/" if namespace and definition.namespaced else base


def key_of(definition: Definition, namespace: str, name: str) -> str:
    return prefix_of(definition, namespace) + name


class Records:
    """Reads and writes objects. All methods raise ApiError."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def find(self, definition: Definition, namespace: str, name: str) -> Kept | None:
        record = await self.store.get(key_of(definition, namespace, name))
        return Kept(definition, record.value, record.revision) if record is not None else None

    async def get(self, definition: Definition, namespace: str, name: str) -> Kept:
        found = await self.find(definition, namespace, name)
        if found is None:
            raise status.not_found(definition.qualified, name)
        return found

    async def create(self, definition: Definition, obj: Object) -> Kept:
        metadata = obj["metadata"]
        raw = packed(definition, obj)
        key = key_of(definition, metadata.get("namespace", ""), metadata["name"])
        try:
            revision = await self.store.create(key, raw, ttl=strategy_of(definition).seconds)
            return Kept(definition, raw, revision)
        except KeyExists as error:
            raise status.already_exists(definition.qualified, metadata["name"]) from error
        except ValueTooLarge as error:
            raise _too_large(error) from error

    async def update(self, definition: Definition, obj: Object, expected: int) -> Kept:
        """Replace the object, whose revision must be `expected`. Raises RevisionMismatch if it is another."""
        metadata = obj["metadata"]
        raw = packed(definition, obj)
        key = key_of(definition, metadata.get("namespace", ""), metadata["name"])
        try:
            revision = await self.store.update(key, raw, expected, ttl=strategy_of(definition).seconds)
            return Kept(definition, raw, revision)
        except ValueTooLarge as error:
            raise _too_large(error) from error

    async def delete(self, definition: Definition, namespace: str, name: str, expected: int) -> int:
        """Remove the object for good. Raises RevisionMismatch if it is not at `expected`."""
        return await self.store.delete(key_of(definition, namespace, name), expected)

    async def change(
        self,
        definition: Definition,
        namespace: str,
        name: str,
        work: Callable[[Kept], Awaitable[Object | None]],
    ) -> Kept:
        """Read, let `work` make the new object (None: leave it), write; again when another came in between.

        For the server's own changes. Raises ApiError (NotFound, Conflict after RETRIES).
        """
        for _ in range(RETRIES):
            kept = await self.get(definition, namespace, name)
            changed = await work(kept)
            if changed is None:
                return kept
            try:
                return await self.update(definition, changed, kept.revision)
            except RevisionMismatch:
                continue
        raise modified(definition, name)

    async def page(
        self,
        definition: Definition,
        namespace: str,
        *,
        at: int | None = None,
        limit: int = 0,
        after: str = "",
    ) -> Page:
        """Stored objects in the order of their keys. `after`: a key."""
        try:
            return await self.store.list(prefix_of(definition, namespace), at=at, limit=limit, after=after)
        except Compacted as error:
            raise expired(error) from error
        except FutureRevision as error:
            raise too_new(error.revision, error.current) from error

    async def watch(self, definition: Definition, namespace: str, name: str, after: int | None) -> Watch:
        """Changes of a revision greater than `after`. `name`: of one object alone, "" of all."""
        try:
            return await self.store.watch(prefix_of(definition, namespace) + name, after)
        except Compacted as error:
            raise expired(error) from error
        except FutureRevision as error:
            raise too_new(error.revision, error.current) from error

    async def objects(self, definition: Definition, namespace: str = "") -> AsyncIterator[Object]:
        """All objects of a resource, decoded; for the server's own use."""
        for record in (await self.page(definition, namespace)).records:
            yield Kept(definition, record.value, record.revision).object()


def modified(definition: Definition, name: str) -> status.ApiError:
    """409: somebody else has changed the object."""
    return status.conflict(definition.qualified, name)


def expired(error: Compacted) -> status.ApiError:
    return status.expired(f"too old resource version: {error.revision} ({error.compacted})")


def too_new(wanted: int, current: int) -> status.ApiError:
    """504, as a real API server answers who asks for a revision that it has not seen yet."""
    text = f"Too large resource version: {wanted}, current: {current}"
    cause = status.Cause("ResourceVersionTooLarge", "Too large resource version")
    details = {"retryAfterSeconds": 1, "causes": [cause.as_object()]}
    return status.ApiError(504, "Timeout", f"Timeout: {text}", details)


def _too_large(error: ValueTooLarge) -> status.ApiError:
    return status.too_large(f"limit is {MAX_VALUE}")
