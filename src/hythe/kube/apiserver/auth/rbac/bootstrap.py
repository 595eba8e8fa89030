"""The roles and bindings that every cluster has: `bootstrap.toml` as objects, and what of them is missing.

At each start they are compared with what is there: what is missing is made, and rules and subjects that are missing are
added to what has not said otherwise (annotation rbac.authorization.kubernetes.io/autoupdate: "false"). What an
administrator has added stays. Source: Kubernetes, "Auto-reconciliation".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Final

from hythe.kube.apiserver.auth.rbac.aggregation import aggregated_rules, is_aggregated
from hythe.kube.apiserver.auth.rbac.escalation import uncovered
from hythe.kube.apiserver.auth.rbac.policy import BINDINGS, CLUSTER_BINDINGS, CLUSTER_ROLES, GROUP, ROLES
from hythe.kube.apiserver.auth.rbac.rules import Rule
from hythe.kube.objects.types import Object

AUTOUPDATE: Final = "rbac.authorization.kubernetes.io/autoupdate"
LABELS: Final = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_AGGREGATE: Final = "rbac.authorization.k8s.io/aggregate-to-"
_KINDS: Final = {
    ROLES: "Role",
    CLUSTER_ROLES: "ClusterRole",
    BINDINGS: "RoleBinding",
    CLUSTER_BINDINGS: "ClusterRoleBinding",
}
_SHORT: Final = {
    "read": ("get", "list", "watch"),
    "write": ("create", "delete", "deletecollection", "patch", "update"),
    "core": ("",),
}


def objects() -> list[tuple[str, Object]]:
    """(resource, object) of all, without uid and the like: ready to be created."""
    table = _table()
    roles = {name: _cluster_role(name, role) for name, role in table["cluster-roles"].items()}
    made = [(CLUSTER_ROLES, {**role, "rules": aggregated_rules(role, roles)}) for role in roles.values()]
    made += [(CLUSTER_BINDINGS, _binding(name, to)) for name, to in table["cluster-bindings"].items()]
    for namespace, roles in table["roles"].items():
        for name, role in roles.items():
            made.append((ROLES, {**_object(ROLES, name, namespace), "rules": _rules(role["rules"])}))
    return made


def mended(there: Object, wanted: Object) -> Object | None:
    """`there` with what it lacks of `wanted`; None if it lacks nothing, or its annotation says to leave it alone.

    A role lacks rules, and labels that make it part of others; a binding lacks subjects. A binding to another role is
    left as it is.
    """
    metadata = there["metadata"]
    if (metadata.get("annotations") or {}).get(AUTOUPDATE) == "false":
        return None
    changed = dict(there)
    labels = {**wanted["metadata"]["labels"], **(metadata.get("labels") or {})}
    if labels != metadata.get("labels"):
        changed["metadata"] = {**metadata, "labels": labels}
    if wanted.get("rules") and not is_aggregated(there):
        lacking = uncovered(_read(there), _read(wanted))
        if lacking:
            changed["rules"] = [*(there.get("rules") or []), *(rule.as_object() for rule in lacking)]
    if wanted.get("roleRef") == there.get("roleRef") and wanted.get("subjects"):
        subjects = there.get("subjects") or []
        missing = [subject for subject in wanted["subjects"] if subject not in subjects]
        if missing:
            changed["subjects"] = [*subjects, *missing]
    return changed if changed != there else None


def _read(role: Object) -> Iterable[Rule]:
    return [Rule.read(rule) for rule in role.get("rules") or []]


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("bootstrap.toml").read_text())


def _object(resource: str, name: str, namespace: str = "") -> Object:
    metadata: Object = {"name": name, "labels": dict(LABELS), "annotations": {AUTOUPDATE: "true"}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": f"{GROUP}/v1", "kind": _KINDS[resource], "metadata": metadata}


def _cluster_role(name: str, role: dict[str, Any]) -> Object:
    made = _object(CLUSTER_ROLES, name)
    if "aggregate" in role:
        made["metadata"]["labels"][_AGGREGATE + role["aggregate"]] = "true"
    if "made-of" in role:
        picked = {"matchLabels": {_AGGREGATE + role["made-of"]: "true"}}
        made["aggregationRule"] = {"clusterRoleSelectors": [picked]}
    return {**made, "rules": _rules(role.get("rules", []))}


def _rules(rules: list[list[str]]) -> list[Object]:
    return [_rule(*rule) for rule in rules]


def _rule(groups: str, things: str, verbs: str, names: str = "") -> Object:
    if groups == "url":
        return {"verbs": _words(verbs), "nonResourceURLs": _words(things)}
    rule: Object = {"verbs": _words(verbs), "apiGroups": _words(groups), "resources": _words(things)}
    return {**rule, "resourceNames": _words(names)} if names else rule


def _words(text: str) -> list[str]:
    return sorted(word for short in text.split() for word in _SHORT.get(short, (short,)))


def _binding(name: str, whom: list[str]) -> Object:
    role = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
    made: Object = {**_object(CLUSTER_BINDINGS, name), "roleRef": role}
    return {**made, "subjects": [_subject(*subject.split(" ", 1)) for subject in whom]} if whom else made


def _subject(kind: str, name: str) -> Object:
    if kind == "ServiceAccount":
        namespace, _, name = name.partition("/")
        return {"kind": kind, "namespace": namespace, "name": name}
    return {"apiGroup": GROUP, "kind": kind, "name": name}
