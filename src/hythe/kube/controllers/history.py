"""ControllerRevisions: the templates that a StatefulSet or DaemonSet has had, numbered.

A revision holds what makes a pod differ, the template, as a patch. A template that comes back gets its old
revision again, with the next number. Pods say which is theirs in the label controller-revision-hash: a StatefulSet's
by the revision's name, a DaemonSet's by its hash.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from hythe.kube.client.cache import copied
from hythe.kube.client.client import Client
from hythe.kube.client.resources import CONTROLLER_REVISIONS, Resource
from hythe.kube.controllers.absence import gone_is_fine
from hythe.kube.controllers.hashing import safe_hash
from hythe.kube.controllers.owners import reference
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

HASH: Final = "controller-revision-hash"
HASH_OF_REVISION: Final = "controller.kubernetes.io/hash"


class Revisions(NamedTuple):
    """`newest` has the present template; `others` are older, the oldest first."""

    newest: Object
    others: list[Object]


def data_of(owner: Object) -> Object:
    return {"spec": {"template": {**copied(owner["spec"]["template"]), "$patch": "replace"}}}


def template_of(revision: Object) -> Object:
    """A pod template."""
    template: Object = copied(revision["data"]["spec"]["template"])
    template.pop("$patch", None)
    return template


def in_order(revisions: Iterable[Object]) -> list[Object]:
    return sorted(revisions, key=lambda each: (int(each["revision"]), each["metadata"]["name"]))


def equal(one: Object, other: Object) -> bool:
    """The same template? Compared as values."""
    return bool(one["data"] == other["data"])


def to_forget(others: list[Object], used: set[str], limit: int) -> list[Object]:
    """Revisions beyond the limit that no pod has."""
    free = [each for each in others if each["metadata"]["name"] not in used]
    return free[: max(0, len(free) - limit)]


class History:
    """Of owners of one kind."""

    def __init__(self, client: Client, kind: Resource) -> None:
        self._client, self._kind = client, kind

    async def current(self, owner: Object, known: list[Object]) -> Revisions:
        """The revision of the present template, made or numbered anew if need be. Raises ApiError."""
        known = in_order(known)
        data = data_of(owner)
        wanted = {"data": data}
        same = next((each for each in reversed(known) if equal(each, wanted)), None)
        others = [each for each in known if each is not same]
        number = max((int(each["revision"]) for each in known), default=0) + 1
        if same is None:
            return Revisions(await self._make(owner, data, number), others)
        if same is not known[-1]:
            meta = same["metadata"]
            same = await self._client.patch(
                CONTROLLER_REVISIONS, meta["name"], {"revision": number}, meta["namespace"]
            )
        return Revisions(same, others)

    async def forget(self, revisions: Iterable[Object]) -> None:
        for each in revisions:
            meta = each["metadata"]
            with gone_is_fine():
                await self._client.delete(
                    CONTROLLER_REVISIONS, meta["name"], meta["namespace"], uid=meta["uid"]
                )

    async def _make(self, owner: Object, data: Object, number: int) -> Object:
        collisions = int((owner.get("status") or {}).get("collisionCount") or 0)
        meta = owner["metadata"]
        while True:
            mark = safe_hash(data, collisions)
            name = f"{meta['name'][:223]}-{mark}"
            labels = dict((owner["spec"]["template"].get("metadata") or {}).get("labels") or {})
            body: Object = {
                "apiVersion": "apps/v1", "kind": "ControllerRevision",
                "metadata": {
                    "name": name, "namespace": meta["namespace"], "labels": {**labels, HASH_OF_REVISION: mark},
                    "ownerReferences": [reference(owner, self._kind)],
                },
                "data": data, "revision": number,
            }  # fmt: skip
            try:
                return await self._client.create(CONTROLLER_REVISIONS, body)
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise
                there = await self._client.get(CONTROLLER_REVISIONS, name, meta["namespace"])
                if equal(there, body):
                    return there
                collisions += 1
