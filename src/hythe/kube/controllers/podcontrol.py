"""Pods made and deleted for an owner, with the Events that Kubernetes tells about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from hythe.errors import HytheError
from hythe.kube.client.cache import copied
from hythe.kube.client.client import Client
from hythe.kube.client.recorder import NORMAL, WARNING, Recorder
from hythe.kube.client.resources import PODS, Resource
from hythe.kube.controllers.owners import reference
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

_FIRST_BATCH: Final = 1


def from_template(owner: Object, kind: Resource, template: Object) -> Object:
    """A pod of an owner's template, with a name to be generated."""
    meta = template.get("metadata") or {}
    made: Object = {
        "generateName": f"{owner['metadata']['name'][:247]}-",
        "namespace": owner["metadata"]["namespace"],
        "ownerReferences": [reference(owner, kind)],
    }
    for field in ("labels", "annotations", "finalizers"):
        if meta.get(field):
            made[field] = copied(meta[field])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": copied(template["spec"])}


class PodControl:
    """For owners of one kind."""

    def __init__(self, client: Client, recorder: Recorder, kind: Resource) -> None:
        self._client, self._recorder, self._kind = client, recorder, kind

    async def create(self, owner: Object, pod: Object) -> Object:
        """Raises as the request does, but for a namespace that is going away nothing is told."""
        try:
            made = await self._client.create(PODS, pod)
        except HytheError as error:
            if not namespace_is_terminating(error):
                self._tell(owner, WARNING, "FailedCreate", f"Error creating: {error}")
            raise
        self._tell(owner, NORMAL, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
        return made

    async def delete(self, owner: Object, pod: Object) -> None:
        """A pod that is gone already is deleted."""
        meta = pod["metadata"]
        try:
            await self._client.delete(PODS, meta["name"], meta["namespace"], uid=meta["uid"])
        except ApiError as error:
            if error.code == 404:
                return
            self._tell(owner, WARNING, "FailedDelete", f"Error deleting: {error}")
            raise
        self._tell(owner, NORMAL, "SuccessfulDelete", f"Deleted pod: {meta['name']}")

    def _tell(self, owner: Object, type: str, reason: str, message: str) -> None:
        named = {"apiVersion": self._kind.api_version, "kind": self._kind.kind, **owner}
        self._recorder.event(named, type, reason, message)


async def slow_start(count: int, call: Callable[[int], Awaitable[object]]) -> tuple[int, Exception | None]:
    """Call for 0 ... count-1, in batches of 1, 2, 4 ...; a batch with an error is the last one.

    So a quota that is exhausted is met by one failing request, not by hundreds. Gives how many succeeded, and the
    first error.
    """
    done, size = 0, _FIRST_BATCH
    while done < count:
        batch = range(done, min(done + size, count))
        results = await asyncio.gather(*(call(index) for index in batch), return_exceptions=True)
        errors = [each for each in results if isinstance(each, BaseException)]
        done += len(results) - len(errors)
        for error in errors:
            if not isinstance(error, Exception):
                raise error
            return done, error
        size *= 2
    return done, None


def namespace_is_terminating(error: HytheError) -> bool:
    """The namespace takes nothing new, for it is going away."""
    return isinstance(error, ApiError) and any(each.reason == "NamespaceTerminating" for each in error.causes)
