"""PodTopologySpread: pods of a kind evenly over zones, hosts, or whatever a node label says.

Hard constraints (DoNotSchedule) filter: no domain may have more than maxSkew pods above the emptiest. Soft ones
score. A pod without constraints is spread, softly, against those of the same controller on each node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from hythe.kube.objects import labels
from hythe.kube.objects.labels import Selector
from hythe.kube.objects.types import Object
from hythe.kube.scheduler.plugins import node_affinity, taints
from hythe.kube.scheduler.plugins.contract import Check, Refusal, refused
from hythe.kube.scheduler.state import NodeInfo, PodInfo, State

_REASON = "node(s) didn't match pod topology spread constraints"


class Constraint(NamedTuple):
    """`selector` selects the pods that count; `own`: the new pod counts too."""

    topology: str
    skew: int
    selector: Selector
    own: bool
    domains: int
    affinity: bool
    taints: bool


def prepare(pod: PodInfo, state: State) -> Check | None:
    constraints = _constraints(pod, "DoNotSchedule")
    if not constraints:
        return None
    counted = [(each, _counts(pod, state, each, constraints)) for each in constraints]

    def check(node: NodeInfo) -> Refusal | None:
        for each, counts in counted:
            value = node.labels.get(each.topology)
            if value is None:
                return refused(f"{_REASON} (missing required label)", lasting=True)
            least = 0 if len(counts) < each.domains else min(counts.values(), default=0)
            if counts.get(value, 0) + each.own - least > each.skew:
                return refused(_REASON)
        return None

    return check


def score(pod: PodInfo, state: State) -> Callable[[NodeInfo], float] | None:
    """How many of the kind are where the node is; less is better."""
    constraints = _constraints(pod, "ScheduleAnyway")
    if not constraints:
        return None if pod.pod["spec"].get("topologySpreadConstraints") else _siblings(pod)
    counted = [(each, _counts(pod, state, each, ())) for each in constraints]
    return lambda node: float(
        sum(counts.get(node.labels.get(each.topology, ""), 0) for each, counts in counted)
    )


def _siblings(pod: PodInfo) -> Callable[[NodeInfo], float] | None:
    return (lambda node: float(node.owners.get(pod.owner, 0))) if pod.owner else None


def _constraints(pod: PodInfo, when: str) -> list[Constraint]:
    written = pod.pod["spec"].get("topologySpreadConstraints") or ()
    return [
        _constraint(pod, each) for each in written if each.get("whenUnsatisfiable", "DoNotSchedule") == when
    ]


def _constraint(pod: PodInfo, written: Object) -> Constraint:
    selector = dict(written.get("labelSelector") or {})
    keys = [name for name in written.get("matchLabelKeys") or () if name in pod.labels]
    if keys:
        same = {name: pod.labels[name] for name in keys}
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **same}
    chosen = labels.from_object(selector if written.get("labelSelector") is not None or keys else None)
    return Constraint(
        written.get("topologyKey", ""), int(written.get("maxSkew", 1)), chosen, chosen.matches(pod.labels),
        int(written.get("minDomains") or 1), written.get("nodeAffinityPolicy", "Honor") == "Honor",
        written.get("nodeTaintsPolicy", "Ignore") == "Honor",
    )  # fmt: skip


def _counts(
    pod: PodInfo, state: State, constraint: Constraint, all_of: list[Constraint] | tuple[()]
) -> Counter[str]:
    """Pods that count, by domain; domains without any are there with 0."""
    tolerated = taints.prepare(pod, state) if constraint.taints else None
    counts: Counter[str] = Counter()
    for node in state.nodes.values():
        if any(each.topology not in node.labels for each in (*all_of, constraint)):
            continue
        if constraint.affinity and not node_affinity.fits(pod, node):
            continue
        if tolerated is not None and tolerated(node) is not None:
            continue
        counts[node.labels[constraint.topology]] += sum(
            other.namespace == pod.namespace
            and not other.pod["metadata"].get("deletionTimestamp")
            and constraint.selector.matches(other.labels)
            for other in node.pods.values()
        )
    return counts
