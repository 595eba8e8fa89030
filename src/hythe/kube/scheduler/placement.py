"""Which node a pod should have. Pure: a pod and the state in, a node's name or all nodes' reasons out.

Filters are asked in Kubernetes' order, and a node is out at its first refusal. Of what is left the highest sum of
weighted scores wins; among equals it is whoever `choose` picks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from hythe.kube.scheduler.plugins import (
    node_affinity,
    node_name,
    node_ports,
    pod_affinity,
    resources,
    spread,
    taints,
)
from hythe.kube.scheduler.plugins.contract import (
    Check,
    Filter,
    Normal,
    Refusal,
    Score,
    Unplaceable,
    as_is,
    between,
    less_is_better,
    more_is_better,
)
from hythe.kube.scheduler.state import NodeInfo, PodInfo, State

FILTERS: Final[tuple[Filter, ...]] = (
    taints.unschedulable, node_name.prepare, taints.prepare, node_affinity.prepare, node_ports.prepare,
    resources.prepare, spread.prepare, pod_affinity.prepare,
)  # fmt: skip

SCORES: Final[tuple[tuple[Score, Normal, int], ...]] = (
    (taints.score, less_is_better, 3),
    (node_affinity.score, more_is_better, 2),
    (spread.score, less_is_better, 2),
    (pod_affinity.score, between, 2),
    (resources.score_least, as_is, 1),
    (resources.score_balanced, as_is, 1),
)
"""With Kubernetes' own weights."""


class Placement(NamedTuple):
    """`node` is "" where none fits; then `refusals` says why, by node, or `message` why for all."""

    node: str
    refusals: dict[str, Refusal]
    message: str = ""


def place(
    pod: PodInfo, state: State, filters: Sequence[Filter] = FILTERS, *,
    choose: Callable[[Sequence[str]], str] = min,
) -> Placement:  # fmt: skip
    if not state.nodes:
        return Placement("", {}, "no nodes available to schedule pods")
    checks = prepared(pod, state, filters)
    if isinstance(checks, Unplaceable):
        return Placement("", {}, f"0/{len(state.nodes)} nodes are available: {checks.message}.")
    fitting, refusals = [], {}
    for name, node in state.nodes.items():
        refusal = refusal_of(pod, node, state, checks)
        if refusal is None:
            fitting.append(node)
        else:
            refusals[name] = refusal
    if not fitting:
        return Placement("", refusals, told(len(state.nodes), refusals))
    if len(fitting) == 1:
        return Placement(fitting[0].name, refusals)
    return Placement(choose(_best(pod, state, fitting)), refusals)


def prepared(pod: PodInfo, state: State, filters: Sequence[Filter]) -> list[Check] | Unplaceable:
    """The checks that this pod needs."""
    checks: list[Check] = []
    for each in filters:
        check = each(pod, state)
        if isinstance(check, Unplaceable):
            return check
        if check is not None:
            checks.append(check)
    return checks


def refusal_of(pod: PodInfo, node: NodeInfo, state: State, checks: Sequence[Check]) -> Refusal | None:
    """The first refusal. Room that was made for others by evicting pods is theirs."""
    if state.nominated:
        others = state.nominated_on(node.name, pod.priority, pod.key)
        if others:
            node = node.copy()
            for each in others:
                node.add(each)
    for check in checks:
        refusal = check(node)
        if refusal is not None:
            return refusal
    return None


def told(total: int, refusals: dict[str, Refusal]) -> str:
    """ "0/3 nodes are available: 1 Insufficient cpu, 2 Too many pods." """
    counts = Counter(reason for each in refusals.values() for reason in each.reasons)
    listed = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    return f"0/{total} nodes are available: {listed}."


def _best(pod: PodInfo, state: State, nodes: Sequence[NodeInfo]) -> list[str]:
    totals = [0.0] * len(nodes)
    for score, normal, weight in SCORES:
        of = score(pod, state)
        if of is None:
            continue
        for index, number in enumerate(normal([of(node) for node in nodes])):
            totals[index] += weight * number
    most = max(totals)
    return [node.name for node, total in zip(nodes, totals, strict=True) if total >= most - 1e-9]
