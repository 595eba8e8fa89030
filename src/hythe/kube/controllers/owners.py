"""Who owns what: owner references, and which objects a controller may call its own.

A controller owns what it controls by reference. What its selector matches and nobody controls it adopts; what it
controls and the selector no longer matches it releases. Neither is done for an object, or by an owner, that is being
deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from hythe.kube.client.cache import Cache
from hythe.kube.client.client import Client
from hythe.kube.client.resources import Resource
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

BY_CONTROLLER: Final = "controller"


class Claim(NamedTuple):
    """What a selector and the references make of a set of objects."""

    owned: list[Object]
    adopt: list[Object]
    release: list[Object]


def controller_of(body: Object) -> Object | None:
    """The reference of the owner that controls an object."""
    for owner in body["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            found: Object = owner
            return found
    return None


def controlled_by(body: Object, owner: Object) -> bool:
    found = controller_of(body)
    return found is not None and found.get("uid") == owner["metadata"]["uid"]


def controller_key(body: Object, resource: Resource) -> Iterable[str]:
    """The key of the controlling owner, if that is of this kind: an index, or what to queue."""
    found = controller_of(body)
    if (
        found is not None
        and found.get("kind") == resource.kind
        and found.get("apiVersion") == resource.api_version
    ):
        yield f"{body['metadata'].get('namespace', '')}/{found['name']}"


def by_controller(body: Object) -> Iterable[str]:
    """An index (BY_CONTROLLER): the controlling owner's uid; without one, the namespace's orphans."""
    found = controller_of(body)
    return (found["uid"] if found else orphans(body["metadata"].get("namespace", "")),)


def orphans(namespace: str) -> str:
    """Where `by_controller` puts what nobody controls."""
    return f"orphans of {namespace}"


def claimable(cache: Cache, owner: Object) -> list[Object]:
    """What `owner` controls or might adopt; the cache has the index BY_CONTROLLER."""
    meta = owner["metadata"]
    return cache.by(BY_CONTROLLER, meta["uid"]) + cache.by(BY_CONTROLLER, orphans(meta.get("namespace", "")))


def reference(owner: Object, resource: Resource) -> Object:
    """What an object has that `owner` controls."""
    return {
        "apiVersion": resource.api_version, "kind": resource.kind, "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip


def claim(owner: Object, candidates: Iterable[Object], matches: Callable[[Object], bool]) -> Claim:
    """Sort candidates of the owner's namespace. Pure."""
    found = Claim([], [], [])
    deleting = bool(owner["metadata"].get("deletionTimestamp"))
    for body in candidates:
        controller = controller_of(body)
        if controller is None:
            if matches(body) and not deleting and not body["metadata"].get("deletionTimestamp"):
                found.adopt.append(body)
        elif controller.get("uid") == owner["metadata"]["uid"]:
            if matches(body):
                found.owned.append(body)
            elif not deleting:
                found.release.append(body)
    return found


class Claimer:
    """Carries claims out: `owner_kind`'s controllers over objects of `kind`.

    `finalizer`: what an object has as long as it is owned.
    """

    def __init__(self, client: Client, owner_kind: Resource, kind: Resource, finalizer: str = "") -> None:
        self._client, self._owner_kind, self._kind = client, owner_kind, kind
        self._finalizer = finalizer

    async def claim(
        self, owner: Object, candidates: Iterable[Object], matches: Callable[[Object], bool]
    ) -> list[Object]:
        """What the owner controls, now. Raises ApiError when an adoption is refused."""
        found = claim(owner, candidates, matches)
        for body in found.release:
            await self._release(owner, body)
        adopted = []
        if found.adopt and await self._still_there(owner):
            adopted = [body for body in found.adopt if await self._adopt(owner, body)]
        return found.owned + adopted

    async def _still_there(self, owner: Object) -> bool:
        """Asked of the server: an owner that was replaced by one of the same name must not adopt."""
        meta = owner["metadata"]
        fresh = await self._client.get(self._owner_kind, meta["name"], meta.get("namespace", ""))
        return fresh["metadata"]["uid"] == meta["uid"] and not fresh["metadata"].get("deletionTimestamp")

    async def _adopt(self, owner: Object, body: Object) -> bool:
        owners = [*(body["metadata"].get("ownerReferences") or ()), reference(owner, self._owner_kind)]
        kept = body["metadata"].get("finalizers") or []
        return await self._set(body, owners, [*kept, self._finalizer])

    async def _release(self, owner: Object, body: Object) -> None:
        uid = owner["metadata"]["uid"]
        owners = [each for each in body["metadata"]["ownerReferences"] if each.get("uid") != uid]
        kept = body["metadata"].get("finalizers") or ()
        await self._set(body, owners, [each for each in kept if each != self._finalizer])

    async def _set(self, body: Object, owners: list[Object], finalizers: list[str]) -> bool:
        """False: it is gone. The resourceVersion guards against whoever changes the references too."""
        meta = body["metadata"]
        patch: Object = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
        patch["ownerReferences"] = owners or None
        if self._finalizer:
            patch["finalizers"] = finalizers or None
        try:
            await self._client.patch(self._kind, meta["name"], {"metadata": patch}, meta.get("namespace", ""))
        except ApiError as error:
            if error.code == 404:
                return False
            raise
        return True
