"""NodeSelectorTerms against a node: labels by In, NotIn, Exists, DoesNotExist, Gt and Lt, and the field
metadata.name.

Terms are or-ed, the requirements within one and-ed; a term without requirements selects nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hythe.kube.objects.types import Object


def selects(terms: Iterable[Object], labels: Mapping[str, str], name: str) -> bool:
    """Is any of the terms met by a node of this name with these labels?"""
    return any(matches(term, labels, name) for term in terms)


def matches(term: Object, labels: Mapping[str, str], name: str) -> bool:
    """One term."""
    expressions, on_fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not on_fields:
        return False
    fields = {"metadata.name": name}
    return all(_meets(each, labels) for each in expressions) and all(
        _meets(each, fields) for each in on_fields
    )


def _meets(requirement: Object, labels: Mapping[str, str]) -> bool:
    """An operator that is not known is never met."""
    name, operator = requirement.get("key", ""), requirement.get("operator")
    values: list[str] = requirement.get("values") or []
    if operator == "In":
        return name in labels and labels[name] in values
    if operator == "NotIn":
        return labels.get(name) not in values
    if operator == "Exists":
        return name in labels
    if operator == "DoesNotExist":
        return name not in labels
    return name in labels and len(values) == 1 and _compares(operator, labels[name], values[0])


def _compares(operator: str | None, one: str, other: str) -> bool:
    try:
        left, right = int(one), int(other)
    except ValueError:
        return False
    return (operator == "Gt" and left > right) or (operator == "Lt" and left < right)
