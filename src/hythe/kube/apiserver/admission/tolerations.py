"""DefaultTolerationSeconds: a pod stays on a node that is not ready or cannot be reached for five minutes.

Unless it says otherwise. Source: Kubernetes, "Taints and Tolerations".
"""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.objects.types import Object

TAINTS: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
SECONDS: Final = 300


class DefaultTolerations(Plugin):
    """Pods, when they are made."""

    async def admit(self, review: Review) -> None:
        if review.resource != "pods" or review.operation != "CREATE":
            return
        spec = review.obj["spec"]
        known = spec.get("tolerations") or []
        missing = [taint for taint in TAINTS if not any(_tolerates(each, taint) for each in known)]
        if missing:
            spec["tolerations"] = [*known, *(_toleration(taint) for taint in missing)]


def _tolerates(toleration: Object, taint: str) -> bool:
    return toleration.get("key", "") in ("", taint) and toleration.get("effect", "") in ("", "NoExecute")


def _toleration(taint: str) -> Object:
    return {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}
