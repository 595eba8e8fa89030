"""VolumeBinding, as far as the volumes are there: a claim must exist and be bound, and its volume be usable on the
node.

Kept out: choosing and binding volumes for claims that wait for their first pod (such a pod waits, with Kubernetes'
words).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from hythe.kube.objects import nodeselector
from hythe.kube.objects.types import Object
from hythe.kube.scheduler.plugins.contract import Check, Filter, Refusal, Unplaceable, refused
from hythe.kube.scheduler.state import NodeInfo, PodInfo, State


class Lookup(Protocol):
    """As much of an informer's cache as is asked."""

    def get(self, key: str) -> Object | None: ...


def filter_with(claims: Lookup, volumes: Lookup) -> Filter:
    """The filter, with PersistentVolumeClaims and PersistentVolumes by key."""

    def prepare(pod: PodInfo, _state: State) -> Check | Unplaceable | None:
        terms: list[list[Object]] = []
        for name in claim_names(pod.pod):
            claim = claims.get(f"{pod.namespace}/{name}")
            if claim is None:
                return Unplaceable(f'persistentvolumeclaim "{name}" not found')
            if claim["metadata"].get("deletionTimestamp"):
                return Unplaceable(f'persistentvolumeclaim "{name}" is being deleted')
            bound = volumes.get(claim["spec"].get("volumeName") or "")
            if bound is None or (claim.get("status") or {}).get("phase") != "Bound":
                return Unplaceable("pod has unbound immediate PersistentVolumeClaims")
            if required := _required(bound):
                terms.append(required)
        return _check(terms) if terms else None

    return prepare


def claim_names(pod: Object) -> list[str]:
    """Generic ephemeral volumes have a claim of the pod's and the volume's name."""
    found = []
    for volume in pod["spec"].get("volumes") or ():
        if claim := volume.get("persistentVolumeClaim"):
            found.append(str(claim["claimName"]))
        elif volume.get("ephemeral"):
            found.append(f"{pod['metadata']['name']}-{volume['name']}")
    return found


def _check(terms: list[list[Object]]) -> Check:
    def check(node: NodeInfo) -> Refusal | None:
        if all(nodeselector.selects(each, node.labels, node.name) for each in terms):
            return None
        return refused("node(s) had volume node affinity conflict", lasting=True)

    return check


def _required(volume: Mapping[str, Object]) -> list[Object]:
    affinity = (volume["spec"].get("nodeAffinity") or {}).get("required") or {}
    return list(affinity.get("nodeSelectorTerms") or ())
