"""Taints and tolerations: NodeUnschedulable and TaintToleration.

A NoSchedule or NoExecute taint keeps out what does not tolerate it; PreferNoSchedule only lowers a node's score. A
cordoned node (spec.unschedulable) is treated as one with the taint node.kubernetes.io/unschedulable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hythe.kube.objects.tolerations import tolerates
from hythe.kube.objects.types import Object
from hythe.kube.scheduler.plugins.contract import Check, Refusal, refused
from hythe.kube.scheduler.state import NodeInfo, PodInfo, State

_CORDONED: Final[Object] = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def unschedulable(pod: PodInfo, _state: State) -> Check | None:
    if tolerates(_tolerations(pod), _CORDONED):
        return None

    def check(node: NodeInfo) -> Refusal | None:
        if node.node.get("spec", {}).get("unschedulable"):
            return refused("node(s) were unschedulable", lasting=True)
        return None

    return check


def prepare(pod: PodInfo, _state: State) -> Check | None:
    tolerations = _tolerations(pod)

    def check(node: NodeInfo) -> Refusal | None:
        for taint in node.node.get("spec", {}).get("taints") or ():
            if taint.get("effect") in ("NoSchedule", "NoExecute") and not tolerates(tolerations, taint):
                shown = f"{{{taint['key']}: {taint.get('value', '')}}}"
                return refused(f"node(s) had untolerated taint {shown}", lasting=True)
        return None

    return check


def score(pod: PodInfo, state: State) -> Callable[[NodeInfo], float] | None:
    """How many taints would rather not have it; less is better."""
    if not any(
        taint.get("effect") == "PreferNoSchedule"
        for node in state.nodes.values() for taint in node.node.get("spec", {}).get("taints") or ()
    ):  # fmt: skip
        return None
    tolerations = [each for each in _tolerations(pod) if each.get("effect", "") in ("", "PreferNoSchedule")]

    def count(node: NodeInfo) -> float:
        taints = node.node.get("spec", {}).get("taints") or ()
        soft = [each for each in taints if each.get("effect") == "PreferNoSchedule"]
        return float(sum(not tolerates(tolerations, each) for each in soft))

    return count


def _tolerations(pod: PodInfo) -> list[Object]:
    return pod.pod["spec"].get("tolerations") or []
