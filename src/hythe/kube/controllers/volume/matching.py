"""Which volume suits a claim. Pure.

One that has the claim's class, mode and access modes and is large enough, and whose labels its selector selects; of
those the smallest. A volume that names a claim (claimRef) is for that one alone. A claim that names a volume takes
that one.
"""

from __future__ import annotations

from collections.abc import Iterable

from hythe.kube.objects import labels, quantity
from hythe.kube.objects.types import Object


def best(claim: Object, volumes: Iterable[Object]) -> Object | None:
    """The volume to bind a claim to; one that is reserved for it comes before any other."""
    fitting = [each for each in volumes if _is_free_for(claim, each) and suits(claim, each)]
    fitting.sort(
        key=lambda each: (not each["spec"].get("claimRef"), capacity(each), each["metadata"]["name"])
    )
    return fitting[0] if fitting else None


def suits(claim: Object, volume: Object) -> bool:
    """Apart from whether it is free."""
    wanted, has = claim["spec"], volume["spec"]
    if volume["metadata"].get("deletionTimestamp"):
        return False
    if (wanted.get("storageClassName") or "") != (has.get("storageClassName") or ""):
        return False
    if wanted.get("volumeMode", "Filesystem") != has.get("volumeMode", "Filesystem"):
        return False
    if not set(wanted.get("accessModes") or ()).issubset(has.get("accessModes") or ()):
        return False
    selector = wanted.get("selector")
    if selector is not None and not labels.from_object(selector).matches(volume["metadata"].get("labels")):
        return False
    return capacity(volume) >= requested(claim)


def is_bound_to(volume: Object, claim: Object) -> bool:
    """Does the volume say that it is this claim's, and not an earlier one's of the same name?"""
    reference = volume["spec"].get("claimRef") or {}
    meta = claim["metadata"]
    same = (reference.get("namespace"), reference.get("name")) == (meta["namespace"], meta["name"])
    return same and reference.get("uid", meta["uid"]) in ("", meta["uid"])


def capacity(volume: Object) -> int:
    """In billionths of a byte, as quantities are."""
    return quantity.parse((volume["spec"].get("capacity") or {}).get("storage", "0")).nano


def requested(claim: Object) -> int:
    asked = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0")
    return quantity.parse(asked).nano


def _is_free_for(claim: Object, volume: Object) -> bool:
    if volume["spec"].get("claimRef"):
        return is_bound_to(volume, claim)
    return (volume.get("status") or {}).get("phase", "Available") in ("Available", "Pending")
