"""Which ReplicaSet has the Deployment's present template, which have older ones, and how they are numbered. Pure.

A revision is a number in an annotation of each ReplicaSet; the newest has the highest. Rolling back makes an old
template the present one: its ReplicaSet is used again and gets the next number, the numbers it had are kept in its
history.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hythe.kube.client.cache import copied
from hythe.kube.client.resources import DEPLOYMENTS
from hythe.kube.controllers.deployment.shape import max_surge, replicas
from hythe.kube.controllers.hashing import safe_hash
from hythe.kube.controllers.owners import reference
from hythe.kube.objects.types import Object

HASH: Final = "pod-template-hash"
REVISION: Final = "deployment.kubernetes.io/revision"
HISTORY: Final = "deployment.kubernetes.io/revision-history"
DESIRED: Final = "deployment.kubernetes.io/desired-replicas"
MOST: Final = "deployment.kubernetes.io/max-replicas"

_NOT_COPIED: Final = frozenset(
    {REVISION, HISTORY, DESIRED, MOST, "kubectl.kubernetes.io/last-applied-configuration",
     "deprecated.deployment.rollback.to"}
)  # fmt: skip
_LONGEST_HISTORY: Final = 2000


def newest(deployment: Object, sets: Iterable[Object]) -> Object | None:
    """The oldest ReplicaSet that has the present template."""
    wanted = without_hash(deployment["spec"]["template"])
    for each in sorted(sets, key=created):
        if without_hash(each["spec"]["template"]) == wanted:
            return each
    return None


def revision(body: Object) -> int:
    text = str((body["metadata"].get("annotations") or {}).get(REVISION, "0"))
    return int(text) if text.isdigit() else 0


def created(body: Object) -> tuple[str, str]:
    """A key to sort by age."""
    meta = body["metadata"]
    return str(meta.get("creationTimestamp", "")), str(meta.get("name", ""))


def without_hash(template: Object) -> Object:
    """A template as its author wrote it."""
    template = copied(template)
    labels = (template.get("metadata") or {}).get("labels") or {}
    labels.pop(HASH, None)
    meta = {name: value for name, value in (template.get("metadata") or {}).items() if value}
    meta.pop("creationTimestamp", None)
    return {**template, "metadata": meta}


def new_set(deployment: Object, old: Iterable[Object], size: int) -> Object:
    """The ReplicaSet for the present template."""
    spec, meta = deployment["spec"], deployment["metadata"]
    template = without_hash(spec["template"])
    mark = safe_hash(template, int((deployment.get("status") or {}).get("collisionCount") or 0))
    template["metadata"]["labels"] = {**(template["metadata"].get("labels") or {}), HASH: mark}
    selector = copied(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: mark}
    wanted: Object = {"replicas": size, "selector": selector, "template": template}
    if spec.get("minReadySeconds"):
        wanted["minReadySeconds"] = spec["minReadySeconds"]
    made: Object = {
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{mark}", "namespace": meta["namespace"],
            "labels": dict(template["metadata"]["labels"]),
            "ownerReferences": [reference(deployment, DEPLOYMENTS)],
        },
        "spec": wanted,
    }  # fmt: skip
    made["metadata"]["annotations"] = notes(deployment, made, old, exists=False)
    return made


def notes(deployment: Object, newest_set: Object, old: Iterable[Object], *, exists: bool) -> dict[str, str]:
    """What the newest ReplicaSet's annotations should be: the Deployment's own, the revision, and its size."""
    kept = dict(newest_set["metadata"].get("annotations") or {})
    own = deployment["metadata"].get("annotations") or {}
    kept |= {name: value for name, value in own.items() if name not in _NOT_COPIED}
    before, after = revision(newest_set), max(map(revision, old), default=0) + 1
    if before < after:
        kept[REVISION] = str(after)
        if before:
            kept[HISTORY] = _history(kept.get(HISTORY, ""), before)
    if not exists:
        kept |= sizes(deployment)
    return kept


def sizes(deployment: Object) -> dict[str, str]:
    """What a ReplicaSet notes of its Deployment's size, for proportional scaling."""
    wanted = replicas(deployment)
    return {DESIRED: str(wanted), MOST: str(wanted + max_surge(deployment))}


def noted(body: Object, name: str) -> int | None:
    """A number in an annotation."""
    text = str((body["metadata"].get("annotations") or {}).get(name, ""))
    return int(text) if text.isdigit() else None


def to_clean_up(deployment: Object, old: Iterable[Object]) -> list[Object]:
    """Old empty ReplicaSets above the history's limit, the oldest revisions first."""
    limit = deployment["spec"].get("revisionHistoryLimit", 10)
    alive = [each for each in old if not each["metadata"].get("deletionTimestamp")]
    surplus = len(alive) - int(limit)
    if surplus <= 0:
        return []
    return [each for each in sorted(alive, key=revision)[:surplus] if _is_empty(each)]


def _is_empty(body: Object) -> bool:
    status, meta = body.get("status") or {}, body["metadata"]
    seen = int(status.get("observedGeneration") or 0) >= int(meta.get("generation") or 0)
    return seen and not body["spec"].get("replicas") and not status.get("replicas")


def _history(known: str, number: int) -> str:
    numbers = [*filter(None, known.split(",")), str(number)]
    while len(",".join(numbers)) > _LONGEST_HISTORY:
        numbers.pop(0)
    return ",".join(numbers)
