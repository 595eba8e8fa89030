"""On which nodes a DaemonSet's pod should run. Pure.

On those that its selector, affinity and tolerations allow; pressure and unreadiness keep no daemon out. The scheduler
places the pod: it carries an affinity to its node's name.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hythe.kube.client.cache import copied
from hythe.kube.client.resources import DAEMON_SETS
from hythe.kube.controllers.history import HASH
from hythe.kube.controllers.owners import reference
from hythe.kube.objects import nodeselector
from hythe.kube.objects.tolerations import tolerates
from hythe.kube.objects.types import Object

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_ALWAYS: Final = (
    ("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"), ("pid-pressure", "NoSchedule"), ("unschedulable", "NoSchedule"),
)  # fmt: skip


class Fit(NamedTuple):
    """`run`: should it be started there; `stay`: may it stay there."""

    run: bool
    stay: bool


def fit(owner: Object, node: Object) -> Fit:
    spec = owner["spec"]["template"]["spec"]
    if spec.get("nodeName") and spec["nodeName"] != node["metadata"]["name"]:
        return Fit(False, False)
    if not _is_selected(spec, node):
        return Fit(False, False)
    tolerated = tolerations(spec)
    taints = (node.get("spec") or {}).get("taints") or []
    bad = [each for each in taints if not tolerates(tolerated, each)]
    run = not any(each.get("effect") in ("NoSchedule", "NoExecute") for each in bad)
    return Fit(run, not any(each.get("effect") == "NoExecute" for each in bad))


def tolerations(spec: Object) -> list[Object]:
    """The template's, and those that every daemon has."""
    found = list(spec.get("tolerations") or ())
    keys = [*_ALWAYS, *((("network-unavailable", "NoSchedule"),) if spec.get("hostNetwork") else ())]
    return found + [
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect} for key, effect in keys
    ]


def pod_for(owner: Object, node: str, revision: str) -> Object:
    """A pod for one node."""
    template = owner["spec"]["template"]
    meta, spec = template.get("metadata") or {}, copied(template["spec"])
    affinity = spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
    there = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = (affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or [{}]
    affinity[_REQUIRED] = {"nodeSelectorTerms": [{**each, "matchFields": [there]} for each in terms]}
    spec["tolerations"] = tolerations(spec)
    generation = (owner["metadata"].get("annotations") or {}).get("deprecated.daemonset.template.generation")
    labels = {**(meta.get("labels") or {}), HASH: revision}
    if generation:
        labels["pod-template-generation"] = str(generation)
    made: Object = {
        "generateName": f"{owner['metadata']['name'][:247]}-", "namespace": owner["metadata"]["namespace"],
        "labels": labels, "ownerReferences": [reference(owner, DAEMON_SETS)],
    }  # fmt: skip
    for field in ("annotations", "finalizers"):
        if meta.get(field):
            made[field] = copied(meta[field])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": spec}


def target_of(pod: Object) -> str:
    """The node that a pod is on, or made for."""
    spec = pod["spec"]
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED) or {}
    for term in affinity.get("nodeSelectorTerms") or ():
        for each in term.get("matchFields") or ():
            if each.get("key") == "metadata.name" and len(each.get("values") or ()) == 1:
                return str(each["values"][0])
    return ""


def _is_selected(spec: Object, node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(name) != value for name, value in (spec.get("nodeSelector") or {}).items()):
        return False
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED)
    if required is None:
        return True
    return nodeselector.selects(required.get("nodeSelectorTerms") or (), labels, node["metadata"]["name"])
