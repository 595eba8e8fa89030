"""Which writes a policy is about: resources, operations, and the labels of object and namespace.

Source: Kubernetes, "Dynamic Admission Control", rules and selectors.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.admission.chain import Review
from hythe.kube.objects import labels
from hythe.kube.objects.types import Object

_NEVER: Final = "admissionregistration.k8s.io"
"""Policies are not about themselves: nobody could mend a wrong one."""


def matches(said: Object, review: Review, namespace: Object | None) -> bool:
    """Whether `said` (matchConstraints, matchResources) takes in a write; `namespace` is where it happens."""
    if review.definition.group == _NEVER:
        return False
    rules = said.get("resourceRules")
    if rules is not None and not any(_rule(each, review) for each in rules):
        return False
    if any(_rule(each, review) for each in said.get("excludeResourceRules") or []):
        return False
    return _in_namespace(said, review, namespace) and _labelled(said, review)


def _rule(rule: Object, review: Review) -> bool:
    definition = review.definition
    names = rule.get("resourceNames") or []
    return (
        _one_of(rule.get("apiGroups"), definition.group)
        and _one_of(rule.get("apiVersions"), definition.version)
        and _one_of(rule.get("operations"), review.operation)
        and any(_resource(each, review) for each in rule.get("resources") or [])
        and (not names or review.name in names)
        and rule.get("scope", "*") in ("*", "Namespaced" if definition.namespaced else "Cluster")
    )


def _one_of(known: list[str] | None, value: str) -> bool:
    return "*" in (known or []) or value in (known or [])


def _resource(pattern: str, review: Review) -> bool:
    """`pods`, `pods/status`, `pods/*`, `*/scale`, `*`."""
    resource, _, subresource = pattern.partition("/")
    if resource not in ("*", review.definition.plural):
        return False
    return subresource in ("*", review.subresource) if "/" in pattern else not review.subresource


def _in_namespace(said: Object, review: Review, namespace: Object | None) -> bool:
    selector = said.get("namespaceSelector") or {}
    if review.definition.qualified == "namespaces":
        namespace = review.obj
    if namespace is None:
        return True
    return labels.from_object(selector).matches(namespace["metadata"].get("labels"))


def _labelled(said: Object, review: Review) -> bool:
    """The new object or the old one."""
    selector = labels.from_object(said.get("objectSelector") or {})
    objects = (review.obj, review.old or {})
    return any(selector.matches((each.get("metadata") or {}).get("labels")) for each in objects)
