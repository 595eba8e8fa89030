"""NodeAffinity: nodeSelector and required node affinity filter, preferred node affinity scores."""

from __future__ import annotations

from collections.abc import Callable

from hythe.kube.objects import nodeselector
from hythe.kube.scheduler.plugins.contract import Check, refused
from hythe.kube.scheduler.state import NodeInfo, PodInfo, State

_REASON = "node(s) didn't match Pod's node affinity/selector"


def prepare(pod: PodInfo, _state: State) -> Check | None:
    spec = pod.pod["spec"]
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    if not spec.get("nodeSelector") and not affinity.get("requiredDuringSchedulingIgnoredDuringExecution"):
        return None
    return lambda node: None if fits(pod, node) else refused(_REASON, lasting=True)


def fits(pod: PodInfo, node: NodeInfo) -> bool:
    """Both the selector and the required affinity."""
    spec = pod.pod["spec"]
    if any(node.labels.get(name) != value for name, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return nodeselector.selects(required.get("nodeSelectorTerms") or (), node.labels, node.name)


def score(pod: PodInfo, _state: State) -> Callable[[NodeInfo], float] | None:
    """The sum of the weights of what is met; more is better."""
    affinity = (pod.pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    preferred = affinity.get("preferredDuringSchedulingIgnoredDuringExecution")
    if not preferred:
        return None
    return lambda node: float(
        sum(
            int(each.get("weight", 0))
            for each in preferred
            if nodeselector.matches(each.get("preference") or {}, node.labels, node.name)
        )
    )
