"""Selectors that stand in objects: LabelSelector and NodeSelector against a set of labels.

A LabelSelector is a dict with matchLabels and matchExpressions; an empty one selects everything, a missing one (None)
nothing. NodeSelectorTerms know Gt and Lt too, and matchFields for metadata.name; terms are or-ed, requirements within
one and-ed. Kept out: selectors as texts in requests (`labels`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hythe.kube.objects.types import Object

Labels = Mapping[str, str]


def selects(selector: Object | None, labels: Labels | None) -> bool:
    """Does a LabelSelector select these labels?"""
    if selector is None:
        return False
    labels = labels or {}
    if any(labels.get(name) != value for name, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(meets(each, labels) for each in selector.get("matchExpressions") or ())


def selects_exactly(selector: Labels | None, labels: Labels | None) -> bool:
    """A plain map of labels, as Services and ReplicationControllers have; an empty one selects nothing."""
    labels = labels or {}
    return bool(selector) and all(labels.get(name) == value for name, value in (selector or {}).items())


def meets(requirement: Object, labels: Labels) -> bool:
    """One requirement: In, NotIn, Exists, DoesNotExist, Gt, Lt. An unknown operator is never met."""
    name, operator = requirement.get("key", ""), requirement.get("operator")
    values = requirement.get("values") or ()
    if operator == "In":
        return name in labels and labels[name] in values
    if operator == "NotIn":
        return labels.get(name) not in values
    if operator == "Exists":
        return name in labels
    if operator == "DoesNotExist":
        return name not in labels
    return name in labels and len(values) == 1 and _compared(operator, labels[name], values[0])


def selects_node(terms: Iterable[Object], labels: Labels, name: str) -> bool:
    """Is any NodeSelectorTerm met? A term without requirements selects nothing."""
    fields = {"metadata.name": name}
    for term in terms:
        expressions, on_fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
        if not expressions and not on_fields:
            continue
        if all(meets(each, labels) for each in expressions) and all(
            meets(each, fields) for each in on_fields
        ):
            return True
    return False


def _compared(operator: str | None, one: str, other: str) -> bool:
    try:
        left, right = int(one), int(other)
    except ValueError:
        return False
    return (operator == "Gt" and left > right) or (operator == "Lt" and left < right)
