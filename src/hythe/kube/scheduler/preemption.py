"""Which pods must go so that a more important one fits. Pure.

Of each node that refused for a reason that an eviction could mend, all pods of lower priority are taken away in
thought; if the pod fits then, as many of them as possible come back, the most important first. The node is chosen
whose victims matter least: lowest highest priority, lowest sum, fewest, then the name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hythe.kube.scheduler.placement import Placement, prepared, refusal_of, told
from hythe.kube.scheduler.plugins.contract import Filter, Unplaceable, refused
from hythe.kube.scheduler.state import NodeInfo, PodInfo, State


class Eviction(NamedTuple):
    """`node` is "" where nothing helps; `message` says so."""

    node: str
    victims: list[PodInfo]
    message: str = ""


Protected = Callable[[Sequence[PodInfo]], set[str]]
"""Keys of those pods whose eviction, together with that of the others, would break a disruption budget."""


def nobody(_pods: Sequence[PodInfo]) -> set[str]:
    """No budgets."""
    return set()


def evict(
    pod: PodInfo, state: State, failed: Placement, filters: Sequence[Filter], protected: Protected = nobody
) -> Eviction:
    total = len(state.nodes)
    if pod.pod["spec"].get("preemptionPolicy") == "Never":
        return Eviction("", [], "not eligible due to preemptionPolicy=Never.")
    if not failed.refusals:
        return Eviction("", [])
    refusals = {}
    found: list[tuple[NodeInfo, list[PodInfo]]] = []
    for name, refusal in failed.refusals.items():
        if refusal.lasting:
            refusals[name] = refused("Preemption is not helpful for scheduling")
            continue
        victims = _victims(pod, state, state.nodes[name], filters, protected)
        if victims:
            found.append((state.nodes[name], victims))
        else:
            refusals[name] = refused("No preemption victims found for incoming pod")
    if not found:
        return Eviction("", [], told(total, refusals))
    node, victims = min(found, key=lambda each: _cost(each[0], each[1], protected))
    return Eviction(node.name, victims)


def _victims(
    pod: PodInfo, state: State, node: NodeInfo, filters: Sequence[Filter], protected: Protected
) -> list[PodInfo]:
    lower = [each for each in node.pods.values() if each.priority < pod.priority]
    if not lower:
        return []
    trial = node.copy()
    for each in lower:
        trial.remove(each.key)
    if not _fits(pod, state, trial, filters):
        return []
    victims = []
    kept = protected(lower)
    for each in sorted(lower, key=lambda one: (one.key not in kept, -one.priority, one.key)):
        trial.add(each)
        if not _fits(pod, state, trial, filters):
            trial.remove(each.key)
            victims.append(each)
    return victims


def _fits(pod: PodInfo, state: State, trial: NodeInfo, filters: Sequence[Filter]) -> bool:
    view = state.with_node(trial)
    view.nominated = state.nominated
    checks = prepared(pod, view, filters)
    return not isinstance(checks, Unplaceable) and refusal_of(pod, trial, view, checks) is None


def _cost(node: NodeInfo, victims: list[PodInfo], protected: Protected) -> tuple[int, int, int, int, str]:
    priorities = [each.priority for each in victims]
    return len(protected(victims)), max(priorities), sum(priorities), len(victims), node.name
