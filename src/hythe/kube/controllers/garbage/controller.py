"""Deletes what has lost its owners, in the three ways that a deletion may ask for.

    Background   the owner goes at once; its dependents, found ownerless, after it
    Foreground   the owner waits with the finalizer foregroundDeletion; dependents that block it go first
    Orphan       the owner waits with the finalizer orphan until its dependents no longer refer to it

The key of the queue is a uid in the `graph`. Before a deletion the object is read from the server, and the deletion
is bound to what was read, so a stale graph deletes nothing. That an owner is gone is believed only of the server.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import ClassVar, Final

from hythe.errors import Unavailable
from hythe.kube.client.informer import Handler, each
from hythe.kube.client.resources import CUSTOM_RESOURCE_DEFINITIONS, Resource
from hythe.kube.controllers.absence import gone_is_fine
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.garbage.graph import (
    FOREGROUND,
    ORPHAN,
    Graph,
    Node,
    Reference,
    propagation,
    references,
    sort_owners,
)
from hythe.kube.controllers.garbage.kinds import Kinds
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

_REFRESH_PAUSE: Final = 0.5
_REFRESH_AT_LEAST: Final = 120.0
_REMEMBERED: Final = 64
_LONGEST_FIRST_LIST: Final = 30.0


class GarbageCollector(Controller):
    name = "garbage-collector-controller"
    workers: ClassVar[int] = 20

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.graph = Graph()
        self.kinds = Kinds(self.client, self.informers, self.clock, self._handler)
        self._absent: deque[str] = deque(maxlen=_REMEMBERED)
        """Owners that the server said are gone; a uid never comes back."""
        self._stale = asyncio.Event()
        self.informers.of(CUSTOM_RESOURCE_DEFINITIONS).add_handler(each(lambda _body: self._stale.set()))

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            await self.kinds.stop()

    def background(self) -> Iterable[Callable[[], Coroutine[None, None, None]]]:
        return (self._keep_kinds,)

    async def sync(self, key: str) -> None:
        node = self.graph.nodes.get(key)
        if node is None or node.absent:
            return
        if not self.kinds.synced:  # whose owners are where is not known yet
            self.queue.add_after(key, _REFRESH_PAUSE)
            return
        if node.orphans_dependents:
            await self._orphan(node)
        elif node.waits_for_dependents:
            await self._foreground(node)
        elif not node.deleting and node.owners:
            await self._collect(node)

    async def _collect(self, node: Node) -> None:
        """Delete an object if nothing keeps it; drop its references to owners that are gone if something does."""
        body = await self._read(node)
        if body is None or body["metadata"].get("deletionTimestamp"):
            return
        owners = references(body)
        absent = {owner.uid for owner in owners if await self._is_absent(node, owner)}
        waiting = {owner.uid for owner in owners if self._waits(owner)}
        solid, dangling, waited = sort_owners(owners, absent, waiting)
        if not owners:
            return
        if solid:
            if dangling or waited:
                await self._drop_owners(node, body, {owner.uid for owner in (*dangling, *waited)})
            return
        await self._unblock_circles(node, waiting=bool(waited))
        await self._delete(node, body, propagation(node, wait=bool(waited and node.dependents)))

    async def _foreground(self, node: Node) -> None:
        blocking = self.graph.blocking(node)
        if not blocking:
            await self._drop_finalizer(node, FOREGROUND)
            return
        for dependent in blocking:
            if not dependent.waits_for_dependents:
                self.queue.add(dependent.uid)

    async def _orphan(self, node: Node) -> None:
        for dependent in self.graph.dependents(node):
            body = await self._read(dependent)
            if body is not None and any(owner.uid == node.uid for owner in references(body)):
                await self._drop_owners(dependent, body, {node.uid})
        await self._drop_finalizer(node, ORPHAN)

    async def _unblock_circles(self, node: Node, *, waiting: bool) -> None:
        """Where an object and its dependent wait for each other, the dependent no longer blocks."""
        if not waiting:
            return
        for dependent in self.graph.dependents(node):
            if dependent.waits_for_dependents:
                body = await self._read(node)
                if body is not None:
                    owners = [
                        {**owner, "blockOwnerDeletion": False}
                        for owner in body["metadata"].get("ownerReferences") or ()
                    ]
                    await self._patch(node, body, {"ownerReferences": owners})
                return

    async def _is_absent(self, node: Node, owner: Reference) -> bool:
        known = self.graph.nodes.get(owner.uid)
        if known is not None and not known.absent:
            return known.namespace not in ("", node.namespace)  # owners are of one's own namespace or of none
        if owner.uid not in self._absent:
            resource = self._resource(owner.api_version, owner.kind)
            space = node.namespace if resource.namespaced else ""
            if not await self._is_gone(resource, space, owner):
                return False
            self._absent.append(owner.uid)
        return True

    async def _is_gone(self, resource: Resource, namespace: str, owner: Reference) -> bool:
        try:
            found = await self.client.get(resource, owner.name, namespace)
        except ApiError as error:
            if error.code == 404:
                return True
            raise
        return bool(found["metadata"]["uid"] != owner.uid)

    def _waits(self, owner: Reference) -> bool:
        known = self.graph.nodes.get(owner.uid)
        return known is not None and known.waits_for_dependents

    async def _read(self, node: Node) -> Object | None:
        """As the server has it; None: it is gone."""
        try:
            body = await self.client.get(
                self._resource(node.api_version, node.kind), node.name, node.namespace
            )
        except ApiError as error:
            if error.code == 404:
                return None
            raise
        return body if body["metadata"]["uid"] == node.uid else None

    async def _delete(self, node: Node, body: Object, how: str) -> None:
        resource = self._resource(node.api_version, node.kind)
        with gone_is_fine():
            await self.client.delete(
                resource, node.name, node.namespace, uid=node.uid,
                version=body["metadata"]["resourceVersion"], propagation=how,
            )  # fmt: skip

    async def _drop_owners(self, node: Node, body: Object, uids: set[str]) -> None:
        owners = [owner for owner in body["metadata"]["ownerReferences"] if owner.get("uid") not in uids]
        await self._patch(node, body, {"ownerReferences": owners or None})

    async def _drop_finalizer(self, node: Node, finalizer: str) -> None:
        body = await self._read(node)
        if body is None:
            return
        finalizers = body["metadata"].get("finalizers") or []
        if finalizer in finalizers:
            kept = [name for name in finalizers if name != finalizer]
            await self._patch(node, body, {"finalizers": kept or None})

    async def _patch(self, node: Node, body: Object, change: Object) -> None:
        meta = {"uid": node.uid, "resourceVersion": body["metadata"]["resourceVersion"], **change}
        resource = self._resource(node.api_version, node.kind)
        with gone_is_fine():
            await self.client.patch(resource, node.name, {"metadata": meta}, node.namespace)

    def _resource(self, api_version: str, kind: str) -> Resource:
        resource = self.kinds.resource(api_version, kind)
        if resource is None:
            raise Unavailable(f"the server has no {kind} in {api_version}, or not yet")
        return resource

    async def _keep_kinds(self) -> None:
        while True:
            self._stale.clear()
            try:
                await self.kinds.refresh()
            except (ApiError, Unavailable):
                await self.clock.sleep(_REFRESH_PAUSE)
                continue
            await self.kinds.settled(_LONGEST_FIRST_LIST)
            try:
                async with asyncio.timeout(_REFRESH_AT_LEAST):
                    await self._stale.wait()
                await self.clock.sleep(_REFRESH_PAUSE)  # a new kind is served a moment after its definition
            except TimeoutError:
                continue

    def _handler(self, resource: Resource) -> Handler:
        def put(body: Object) -> None:
            self._put(self.graph.put(body, resource.api_version, resource.kind))

        return Handler(put, lambda _before, now: put(now), self._gone)

    def _put(self, node: Node) -> None:
        if (
            node.orphans_dependents
            or node.waits_for_dependents
            or (node.owners and not node.deleting and self._is_in_doubt(node))
        ):
            self.queue.add(node.uid)
        for owner in node.owners:
            if self._waits(owner):
                self.queue.add(owner.uid)

    def _is_in_doubt(self, node: Node) -> bool:
        """Does it refer to an owner that has not been seen, or that waits for it?"""
        owners = (self.graph.nodes[owner.uid] for owner in node.owners)
        return any(owner.absent or owner.waits_for_dependents for owner in owners)

    def _gone(self, body: Object) -> None:
        uid = body["metadata"]["uid"]
        known = self.graph.nodes.get(uid)
        owners = known.owners if known is not None else ()
        node = self.graph.remove(uid)
        if node is not None:
            for dependent in node.dependents:
                self.queue.add(dependent)
        for owner in owners:
            if self._waits(owner):
                self.queue.add(owner.uid)
