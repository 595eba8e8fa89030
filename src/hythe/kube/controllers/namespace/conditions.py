"""What a namespace that is going away says about how far that is. Pure; Kubernetes' types, reasons and messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from hythe.kube.client.cache import copied
from hythe.kube.client.clock import timestamp
from hythe.kube.objects.types import Object


class Remains(NamedTuple):
    """What one pass found: `left` and `finalizers` count objects, `undiscovered` and `failures` are messages."""

    left: Mapping[str, int]
    finalizers: Mapping[str, int]
    undiscovered: list[str]
    failures: list[str]

    @property
    def nothing(self) -> bool:
        return not (self.left or self.undiscovered or self.failures)


_GOOD: Final = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions", "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted", "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": (
        "ContentHasNoFinalizers", "All content-preserving finalizers finished",
    ),
}  # fmt: skip


def of(namespace: Object, found: Remains, now: datetime) -> list[Object]:
    """All conditions, those of others kept; a transition is a change of status."""
    bad = _bad(found)
    known = {each["type"]: each for each in copied((namespace.get("status") or {}).get("conditions") or [])}
    for kind, (reason, message) in _GOOD.items():
        truth = "True" if kind in bad else "False"
        reason, message = bad.get(kind, (reason, message))
        before = known.get(kind)
        same = before is not None and before["status"] == truth
        since = before["lastTransitionTime"] if same and before else timestamp(now)
        known[kind] = {
            "type": kind, "status": truth, "reason": reason, "message": message, "lastTransitionTime": since,
        }  # fmt: skip
    return list(known.values())


def _bad(found: Remains) -> dict[str, tuple[str, str]]:
    bad = {}
    if found.undiscovered:
        told = f"Discovery failed for some groups, {len(found.undiscovered)} failing: {', '.join(found.undiscovered)}"
        bad["NamespaceDeletionDiscoveryFailure"] = ("DiscoveryFailed", told)
    if found.failures:
        told = "Failed to delete all resource types, " + (
            f"{len(found.failures)} remaining: {', '.join(found.failures)}"
        )
        bad["NamespaceDeletionContentFailure"] = ("ContentDeletionFailed", told)
    if found.left:
        listed = ", ".join(
            f"{name} has {count} resource instances" for name, count in sorted(found.left.items())
        )
        bad["NamespaceContentRemaining"] = (
            "SomeResourcesRemain", f"Some resources are remaining: {listed}",
        )  # fmt: skip
    if found.finalizers:
        listed = ", ".join(
            f"{name} in {count} resource instances" for name, count in sorted(found.finalizers.items())
        )
        bad["NamespaceFinalizersRemaining"] = (
            "SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {listed}",
        )  # fmt: skip
    return bad
