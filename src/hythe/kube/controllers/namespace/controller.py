"""Empties namespaces that are being deleted, and lets them go when nothing is left.

Which kinds there are is asked of the server each time, so custom ones go too. What has finalizers, or is a running
pod, needs time: the namespace is looked at again each second until the last object is gone; then its finalizer
`kubernetes` is taken off, and it ends.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from hythe.errors import HytheError
from hythe.kube.client.cache import copied
from hythe.kube.client.discovery import discover
from hythe.kube.client.resources import NAMESPACES, PODS, Resource
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.namespace import conditions
from hythe.kube.controllers.namespace.conditions import Remains
from hythe.kube.controllers.patches import write_status
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

_FINALIZER: Final = "kubernetes"
_AGAIN: Final = 1.0


class NamespaceController(Controller):
    name = "namespace-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._namespaces = self.follow(NAMESPACES)

    async def sync(self, key: str) -> None:
        cached = self._namespaces.cache.get(key)
        if cached is None or not cached["metadata"].get("deletionTimestamp"):
            return
        namespace = await self.client.get(NAMESPACES, key)
        if _FINALIZER not in (namespace["spec"].get("finalizers") or ()):
            return
        remains = await self._empty(key)
        if remains.nothing:
            await self._finalize(namespace)
            return
        known = namespace.get("status") or {}
        told = conditions.of(namespace, remains, self.clock.now())
        await write_status(self.client, NAMESPACES, namespace, {**known, "conditions": told})
        self.queue.add_after(key, _AGAIN)

    async def _empty(self, name: str) -> Remains:
        found = await discover(self.client)
        left, finalizers, failures = Counter[str](), Counter[str](), list[str]()
        kinds = [each for each in found.having("list", "delete") if each.namespaced]
        collectable = set(found.having("list", "deletecollection"))
        for kind in sorted(kinds, key=lambda each: each != PODS):  # what takes time begins first
            try:
                remaining = await self._clear(kind, name, together=kind in collectable)
            except ApiError as error:
                if error.code not in (404, 405):
                    failures.append(str(error))
                continue
            for body in remaining:
                left[str(kind) if kind.group else f"{kind}."] += 1
                finalizers.update(body["metadata"].get("finalizers") or ())
        return Remains(left, finalizers, list(found.stale), failures)

    async def _clear(self, kind: Resource, namespace: str, *, together: bool) -> list[Object]:
        """Delete all of a kind; what is left of it."""
        page = await self.client.list(kind, namespace)
        if not page.items:
            return []
        if together:
            await self.client.delete_collection(kind, namespace, propagation="Background")
        else:
            for body in page.items:
                await self.client.delete(kind, body["metadata"]["name"], namespace, propagation="Background")
        return (await self.client.list(kind, namespace)).items

    async def _finalize(self, namespace: Object) -> None:
        ended = copied(namespace)
        ended["spec"]["finalizers"] = [each for each in ended["spec"]["finalizers"] if each != _FINALIZER]
        try:
            await self.client.update(NAMESPACES, ended, subresource="finalize")
        except HytheError as error:
            if getattr(error, "code", 0) != 404:
                raise
