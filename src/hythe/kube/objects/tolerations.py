"""Whether a pod's tolerations tolerate a node's taint. Pure.

A toleration without a key tolerates every taint if its operator is Exists; one without an effect, every effect.
"""

from __future__ import annotations

from collections.abc import Iterable

from hythe.kube.objects.types import Object


def tolerates(tolerations: Iterable[Object], taint: Object) -> bool:
    """Does any of them?"""
    return any(tolerates_one(each, taint) for each in tolerations)


def tolerates_one(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    exists = toleration.get("operator") == "Exists"
    if not toleration.get("key"):
        return exists
    if toleration["key"] != taint.get("key"):
        return False
    return exists or toleration.get("value", "") == taint.get("value", "")
