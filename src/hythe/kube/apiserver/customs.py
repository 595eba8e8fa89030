"""Custom resources come and go with their definitions, at runtime and at the start.

The definitions are followed in the store, so that what another server writes is served here too. One that is being
deleted takes its objects along: they are deleted first, each with its own finalizers, and with the last of them goes
the definition's finalizer. Source: apiextensions-apiserver, pkg/controller/finalizer.
"""

from __future__ import annotations

import asyncio
import logging

from hythe.errors import HytheError
from hythe.kube.apiserver.admission.crds import CLEANUP, serve
from hythe.kube.apiserver.auth.following import Follower
from hythe.kube.apiserver.call import Context
from hythe.kube.apiserver.definitions import CustomResource
from hythe.kube.apiserver.encoding import unpack
from hythe.kube.apiserver.machine import Machine
from hythe.kube.apiserver.options import DeleteOptions, WriteOptions
from hythe.kube.apiserver.records import prefix_of
from hythe.kube.apiserver.verbs.delete import delete_all
from hythe.kube.apiserver.writing import change_object
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kube.apiserver")


class CustomResources(Follower):
    """Runs from `start` to `stop`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._crds = machine.definitions.built_in("apiextensions.k8s.io", "v1", "customresourcedefinitions")
        self._cleaning: dict[str, asyncio.Task[None]] = {}
        super().__init__(machine.records.store, prefix_of(self._crds))

    def changed(self, key: str, value: bytes) -> None:
        crd = unpack(value, 0)
        serve(self._machine.definitions, crd)
        metadata = crd["metadata"]
        if "deletionTimestamp" in metadata and CLEANUP in (metadata.get("finalizers") or []):
            self._clean(metadata["name"])

    def gone(self, key: str) -> None:
        self._machine.definitions.replace_custom(key.removeprefix(self.prefix), [])

    async def stop(self) -> None:
        await super().stop()
        for task in self._cleaning.values():
            task.cancel()
        await asyncio.gather(*self._cleaning.values(), return_exceptions=True)

    def _clean(self, name: str) -> None:
        if name not in self._cleaning:
            task = asyncio.create_task(self._cleaned(name), name=f"clean {name}")
            self._cleaning[name] = task
            task.add_done_callback(lambda _: self._cleaning.pop(name, None))

    async def _cleaned(self, name: str) -> None:
        try:
            resource = next((d for d in self._machine.definitions.customs() if d.qualified == name), None)
            if resource is not None:
                await self._empty(resource)
            context = Context(machine=self._machine, definition=self._crds, namespace="", verb="patch")
            await change_object(context, name, WriteOptions(), _released)
        except HytheError as error:
            log.warning("deleting %s: %s", name, error)

    async def _empty(self, resource: CustomResource) -> None:
        """Returns when no object is left."""
        records, prefix = self._machine.records, prefix_of(resource)
        changes = await records.watch(resource, "", "", None)
        try:
            found = [obj["metadata"] async for obj in records.objects(resource)]
            context = Context(machine=self._machine, definition=resource, namespace="", verb="delete")
            names = [(each["name"], each.get("namespace", "")) for each in found]
            await delete_all(context, names, DeleteOptions())
            while await records.store.count(prefix):
                await anext(changes)
        finally:
            changes.close()


async def _released(crd: Object) -> Object:
    metadata = crd["metadata"]
    metadata["finalizers"] = [each for each in metadata.get("finalizers") or [] if each != CLEANUP]
    return crd
