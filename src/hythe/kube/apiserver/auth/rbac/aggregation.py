"""ClusterRoles that are made of others: those whose labels one of the selectors picks.

The rules of such a role are those of the picked ones, each once, in the order of the roles' names. What stands in the
role itself is replaced. A role that is picked may be made of others, too: `edit` is part of `admin`.
"""

from __future__ import annotations

from collections.abc import Mapping

from hythe.kube.objects import labels as selectors
from hythe.kube.objects.types import Object


def is_aggregated(role: Object) -> bool:
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def aggregated_rules(
    role: Object, roles: Mapping[str, Object], above: frozenset[str] = frozenset()
) -> list[Object]:
    """The rules of `role`, with `roles` by name to pick from. A circle of roles adds nothing twice."""
    name = role.get("metadata", {}).get("name", "")
    if not is_aggregated(role):
        return list(role.get("rules") or [])
    found: list[Object] = []
    for other in sorted(roles):
        if other != name and other not in above and _picks(role, roles[other]):
            found += (
                rule for rule in aggregated_rules(roles[other], roles, above | {name}) if rule not in found
            )
    return found


def _picks(role: Object, other: Object) -> bool:
    labels: Mapping[str, str] = other.get("metadata", {}).get("labels") or {}
    picks = role["aggregationRule"]["clusterRoleSelectors"]
    return any(selectors.from_object(pick).matches(labels) for pick in picks)
