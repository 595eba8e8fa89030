"""persistentVolumeClaimRetentionPolicy: which claims go with their set, or with the pod that is scaled away. Pure.

It is done by owner references, so the garbage collector does the deleting. A claim belongs to the set where whenDeleted
is Delete, and to its pod instead while that one is on its way out and whenScaled is Delete.
"""

from __future__ import annotations

from hythe.kube.client.resources import PODS, STATEFUL_SETS, Resource
from hythe.kube.objects.types import Object


def owners(owner: Object, pod: Object, claim: Object, *, condemned: bool) -> list[Object]:
    """The owner references that the claim should have; others' are kept."""
    policy = owner["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    ours = {owner["metadata"]["uid"], pod["metadata"]["uid"]}
    kept = [each for each in claim["metadata"].get("ownerReferences") or () if each.get("uid") not in ours]
    if condemned and policy.get("whenScaled") == "Delete":
        return [*kept, _reference(pod, PODS)]
    if policy.get("whenDeleted") == "Delete":
        return [*kept, _reference(owner, STATEFUL_SETS)]
    return kept


def _reference(body: Object, kind: Resource) -> Object:
    meta = body["metadata"]
    return {"apiVersion": kind.api_version, "kind": kind.kind, "name": meta["name"], "uid": meta["uid"]}
