"""All roles and bindings, indexed so that a decision costs microseconds.

Bindings are found by subject, those of a namespace by namespace and subject; the rules of a role are read once. So a
decision looks at the bindings of one user and their groups, and at nothing else. A change of one object touches the
index of that object alone; only ClusterRoles made of others are read anew with any ClusterRole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from hythe.kube.apiserver.auth.rbac.aggregation import aggregated_rules, is_aggregated
from hythe.kube.apiserver.auth.rbac.rules import Rule
from hythe.kube.apiserver.identity import Attributes, Decision, User
from hythe.kube.objects.types import Object

GROUP: Final = "rbac.authorization.k8s.io"
ROLES, CLUSTER_ROLES = "roles", "clusterroles"
BINDINGS, CLUSTER_BINDINGS = "rolebindings", "clusterrolebindings"
Subject = tuple[str, str]
"""("User" or "Group", its name); a service account is the user of its name."""


class RoleKey(NamedTuple):
    """Which role a binding gives; a ClusterRole has no namespace."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Binding:
    """One role for one subject. `describes`: in words, for reasons."""

    role: RoleKey
    describes: str


class Policy:
    """`set` and `remove` keep it up; a policy without objects allows nothing."""

    def __init__(self) -> None:
        self._rules: dict[RoleKey, tuple[Rule, ...]] = {}
        self._cluster_roles: dict[str, Object] = {}
        self._bindings: dict[str, dict[Subject, list[Binding]]] = {}  # by namespace, "" is the cluster
        self._given: dict[tuple[str, str], dict[Subject, Binding]] = {}  # by namespace and name of the object

    def set(self, resource: str, obj: Object) -> None:
        """An object of ROLES, CLUSTER_ROLES, BINDINGS or CLUSTER_BINDINGS is there, or has changed."""
        metadata = obj["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        if resource == ROLES:
            self._rules[RoleKey("Role", namespace, name)] = _read(obj.get("rules"))
        elif resource == CLUSTER_ROLES:
            self._cluster_roles[name] = obj
            self._read_cluster_roles(name)
        elif resource in (BINDINGS, CLUSTER_BINDINGS):
            self._unbind(namespace, name)
            self._bind(namespace, name, obj)

    def remove(self, resource: str, namespace: str, name: str) -> None:
        if resource == ROLES:
            self._rules.pop(RoleKey("Role", namespace, name), None)
        elif resource == CLUSTER_ROLES:
            self._cluster_roles.pop(name, None)
            self._rules.pop(RoleKey("ClusterRole", "", name), None)
            self._read_cluster_roles(name)
        elif resource in (BINDINGS, CLUSTER_BINDINGS):
            self._unbind(namespace, name)

    def decide(self, wanted: Attributes) -> Decision:
        missing: list[str] = []
        for binding in self._bound(wanted.user, wanted.namespace if wanted.resource else ""):
            rules = self._rules.get(binding.role)
            if rules is None:
                missing.append(_not_found(binding.role))
            elif any(rule.allows(wanted) for rule in rules):
                return Decision(True, f"RBAC: allowed by {binding.describes}")
        return Decision(False, f"RBAC: {_list(missing)}" if missing else "")

    def rules_of(self, user: User, namespace: str) -> tuple[list[Rule], list[str]]:
        """What a user has in a namespace ("" is the cluster's alone); and in words, which roles are missing."""
        found: list[Rule] = []
        missing: list[str] = []
        for binding in self._bound(user, namespace):
            rules = self._rules.get(binding.role)
            if rules is None:
                missing.append(_not_found(binding.role))
            else:
                found += rules
        return found, missing

    def rules_in(self, role: RoleKey) -> tuple[Rule, ...] | None:
        """Those of one role; None if it is not there."""
        return self._rules.get(role)

    def _bound(self, user: User, namespace: str) -> Iterator[Binding]:
        subjects: list[Subject] = [("User", user.name), *(("Group", group) for group in user.groups)]
        for where in ("", namespace) if namespace else ("",):
            bindings = self._bindings.get(where)
            if bindings:
                for subject in subjects:
                    yield from bindings.get(subject, ())

    def _bind(self, namespace: str, name: str, obj: Object) -> None:
        role = role_of(obj)
        where = self._bindings.setdefault(namespace, {})
        given: dict[Subject, Binding] = {}
        for subject in obj.get("subjects") or []:
            key = _subject(subject, namespace)
            if key is not None and key not in given:
                given[key] = Binding(role, _describe(namespace, name, role, subject))
                where.setdefault(key, []).append(given[key])
        self._given[namespace, name] = given

    def _unbind(self, namespace: str, name: str) -> None:
        where = self._bindings.get(namespace, {})
        for subject, binding in self._given.pop((namespace, name), {}).items():
            # By identity: two bindings may say the same.
            where[subject] = [other for other in where[subject] if other is not binding]
            if not where[subject]:
                del where[subject]

    def _read_cluster_roles(self, changed: str) -> None:
        for name, role in self._cluster_roles.items():
            if name == changed or is_aggregated(role):
                rules = aggregated_rules(role, self._cluster_roles)
                self._rules[RoleKey("ClusterRole", "", name)] = _read(rules)


def role_of(binding: Object) -> RoleKey:
    """The role that a binding gives."""
    reference = binding.get("roleRef") or {}
    kind = str(reference.get("kind", ""))
    namespace = binding["metadata"].get("namespace", "") if kind == "Role" else ""
    return RoleKey(kind, namespace, str(reference.get("name", "")))


def _read(rules: Iterable[Object] | None) -> tuple[Rule, ...]:
    return tuple(Rule.read(rule) for rule in rules or ())


def _subject(subject: Object, namespace: str) -> Subject | None:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "ServiceAccount":
        home = subject.get("namespace") or namespace
        return ("User", f"system:serviceaccount:{home}:{name}") if home and name else None
    return (str(kind), name) if kind in ("User", "Group") and name else None


def _describe(namespace: str, name: str, role: RoleKey, subject: Object) -> str:
    binding = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
    whom = subject["name"]
    if subject["kind"] == "ServiceAccount":
        whom += f"/{subject.get('namespace') or namespace}"
    return f'{binding} of {role.kind} "{role.name}" to {subject["kind"]} "{whom}"'


def _not_found(role: RoleKey) -> str:
    return f'{role.kind.lower()}.{GROUP} "{role.name}" not found'


def _list(messages: list[str]) -> str:
    """As Go joins several errors."""
    once = list(dict.fromkeys(messages))
    return once[0] if len(once) == 1 else f"[{', '.join(once)}]"
