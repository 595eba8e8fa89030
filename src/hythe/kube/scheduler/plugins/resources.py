"""NodeResourcesFit and NodeResourcesBalancedAllocation: is there room, and where is most of it.

Scores count what pods would usually need, so that pods without requests spread too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hythe.kube.scheduler.plugins.contract import MOST, Check, Refusal
from hythe.kube.scheduler.requests import CPU, MEMORY, PODS
from hythe.kube.scheduler.state import NodeInfo, PodInfo, State

_SCORED: Final = (CPU, MEMORY)


def prepare(pod: PodInfo, _state: State) -> Check:
    wanted = [(name, value) for name, value in pod.requests.items() if value]

    def check(node: NodeInfo) -> Refusal | None:
        lacking: list[str] = []
        hopeless = False
        if len(node.pods) + 1 > node.allocatable.get(PODS, 0):
            lacking.append("Too many pods")
        for name, value in wanted:
            there = node.allocatable.get(name, 0)
            if value > there - node.requests.get(name, 0):
                lacking.append(f"Insufficient {name}")
                hopeless = hopeless or value > there
        return Refusal(tuple(lacking), hopeless) if lacking else None

    return check


def score_least(pod: PodInfo, _state: State) -> Callable[[NodeInfo], float]:
    """LeastAllocated: the share of cpu and memory that would be left, 0 to 100."""

    def score(node: NodeInfo) -> float:
        shares = [1 - used for used in _used(pod, node)]
        return MOST * sum(max(0.0, share) for share in shares) / len(shares) if shares else 0.0

    return score


def score_balanced(pod: PodInfo, _state: State) -> Callable[[NodeInfo], float]:
    """How alike the used shares of cpu and memory would be, 0 to 100."""

    def score(node: NodeInfo) -> float:
        shares = [min(1.0, used) for used in _used(pod, node)]
        if len(shares) < 2:
            return MOST
        return MOST * (1 - abs(shares[0] - shares[1]) / 2)

    return score


def _used(pod: PodInfo, node: NodeInfo) -> list[float]:
    """Shares of what there is, with the pod."""
    return [
        (node.usual.get(name, 0) + pod.usual.get(name, 0)) / node.allocatable[name]
        for name in _SCORED
        if node.allocatable.get(name)
    ]
