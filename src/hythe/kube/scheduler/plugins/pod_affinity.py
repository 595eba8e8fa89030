"""InterPodAffinity: pods that want to be near others, or far from them.

"Near" is within the same value of a node label, the term's topologyKey. Worked out once for a pod: which (label,
value) pairs have pods that its terms match, and which are closed by the anti-affinity of pods that are there. The
first pod of a set that wants to be near itself may go anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from hythe.kube.objects import labels
from hythe.kube.objects.labels import Selector
from hythe.kube.objects.types import Object
from hythe.kube.scheduler.plugins.contract import Check, Refusal, refused
from hythe.kube.scheduler.state import NodeInfo, PodInfo, State

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"

Pair = tuple[str, str]


class Term:
    """One PodAffinityTerm of a pod in `namespace`."""

    def __init__(self, term: Object, namespace: str) -> None:
        self.topology: str = term.get("topologyKey", "")
        self._selector = labels.from_object(term.get("labelSelector"))
        self._named = set(term.get("namespaces") or ())
        self._namespaces: Selector | None = None
        if term.get("namespaceSelector") is not None:
            self._namespaces = labels.from_object(term["namespaceSelector"])
        if not self._named and self._namespaces is None:
            self._named = {namespace}

    def matches(self, pod: PodInfo, state: State) -> bool:
        if pod.namespace not in self._named:
            carried = state.namespaces.get(pod.namespace, {})
            if self._namespaces is None or not self._namespaces.matches(carried):
                return False
        return self._selector.matches(pod.labels)


def prepare(pod: PodInfo, state: State) -> Check | None:
    near = [Term(each, pod.namespace) for each in pod.affinity.get(_REQUIRED) or ()]
    far = [Term(each, pod.namespace) for each in pod.anti_affinity.get(_REQUIRED) or ()]
    closed = _closed(pod, state)
    if not near and not far and not closed:
        return None
    found = _pairs_of_all(near, state) if near else set()
    first = not found and all(term.matches(pod, state) for term in near)
    taken = {pair for term in far for pair in _pairs_of_all([term], state)}

    def check(node: NodeInfo) -> Refusal | None:
        for term in near:
            value = node.labels.get(term.topology)
            if value is None or ((term.topology, value) not in found and not first):
                return refused("node(s) didn't match pod affinity rules", lasting=True)
        if any((term.topology, node.labels.get(term.topology, "")) in taken for term in far):
            return refused("node(s) didn't match pod anti-affinity rules")
        if any(node.labels.get(name) == value for name, value in closed):
            return refused("node(s) didn't satisfy existing pods anti-affinity rules")
        return None

    return check


def score(pod: PodInfo, state: State) -> Callable[[NodeInfo], float] | None:
    """Weights of preferred terms that are met, of this pod's and of those that are there; may be negative."""
    weights: Counter[Pair] = Counter()
    wishes = _wishes(pod)
    for node in state.nodes.values() if wishes else ():
        for other in node.pods.values():
            _weigh(weights, wishes, other, node, state)
    for other in state.social.values():
        home = state.nodes.get(state.node_of(other.key))
        if home is not None:
            _weigh(weights, _wishes(other), pod, home, state)
    if not weights:
        return None
    return lambda node: float(
        sum(weight for (name, value), weight in weights.items() if node.labels.get(name) == value)
    )


def _weigh(
    weights: Counter[Pair], wishes: list[tuple[int, Term]], other: PodInfo, node: NodeInfo, state: State
) -> None:
    for weight, term in wishes:
        if term.topology in node.labels and term.matches(other, state):
            weights[term.topology, node.labels[term.topology]] += weight


def _wishes(pod: PodInfo) -> list[tuple[int, Term]]:
    found = []
    for sign, affinity in ((1, pod.affinity), (-1, pod.anti_affinity)):
        for each in affinity.get(_PREFERRED) or ():
            weight = sign * int(each.get("weight", 0))
            found.append((weight, Term(each.get("podAffinityTerm") or {}, pod.namespace)))
    return found


def _closed(pod: PodInfo, state: State) -> set[Pair]:
    """Where pods are that do not want this one near."""
    closed = set()
    for other in state.repelling.values():
        node = state.nodes.get(state.node_of(other.key))
        if node is None:
            continue
        for each in other.anti_affinity[_REQUIRED]:
            term = Term(each, other.namespace)
            if term.topology in node.labels and term.matches(pod, state):
                closed.add((term.topology, node.labels[term.topology]))
    return closed


def _pairs_of_all(terms: Iterable[Term], state: State) -> set[Pair]:
    """Where pods are that all of the terms match."""
    terms = list(terms)
    found = set()
    for node in state.nodes.values():
        if any(all(term.matches(other, state) for term in terms) for other in node.pods.values()):
            found |= {
                (term.topology, node.labels[term.topology]) for term in terms if term.topology in node.labels
            }
    return found
