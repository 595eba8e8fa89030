"""Nobody gives away what they do not have: the check on creating and changing roles and bindings.

Who writes a role must hold all of its rules (cluster-wide for a ClusterRole), or have the verb `escalate` on it. Who
writes a binding must hold all rules of the bound role, or have the verb `bind` on that role. `system:masters` may do
anything. A role whose rules stay as they were, and a binding whose role and subjects do, may be written by anybody who
may write it: what was given stays given.
"""

from __future__ import annotations

from collections.abc import Iterable

from hythe.kube.apiserver.auth.rbac.policy import (
    BINDINGS,
    CLUSTER_BINDINGS,
    CLUSTER_ROLES,
    GROUP,
    ROLES,
    Policy,
    role_of,
)
from hythe.kube.apiserver.auth.rbac.rules import Rule, quoted
from hythe.kube.apiserver.identity import MASTERS, Attributes, Authorizer, User
from hythe.kube.objects.status import forbidden, not_found
from hythe.kube.objects.types import Object

_RESOURCES = {"Role": ROLES, "ClusterRole": CLUSTER_ROLES}


class EscalationCheck:
    """Asks the policy what a user holds, the authorizer whether they may pass the check by."""

    def __init__(self, policy: Policy, authorizer: Authorizer) -> None:
        self._policy, self._authorizer = policy, authorizer

    async def check(self, resource: str, obj: Object, old: Object | None, user: User) -> None:
        """Of a create (`old` is None) or update of one of RBAC's resources. Raises ApiError: 403; 404 for no role."""
        if MASTERS in user.groups:
            return
        if resource in (ROLES, CLUSTER_ROLES):
            await self._check_role(resource, obj, old, user)
        elif resource in (BINDINGS, CLUSTER_BINDINGS):
            await self._check_binding(resource, obj, old, user)

    async def _check_role(self, resource: str, obj: Object, old: Object | None, user: User) -> None:
        same = ("rules", "aggregationRule")
        if old is not None and all((obj.get(key) or []) == (old.get(key) or []) for key in same):
            return
        if await self._may(user, "escalate", resource, obj):
            return
        if obj.get("aggregationRule"):
            everything = Rule(*(frozenset({"*"}),) * 3), Rule(frozenset({"*"}), paths=frozenset({"*"}))
            self._require(everything, resource, obj, user)
        self._require(map(Rule.read, obj.get("rules") or []), resource, obj, user)

    async def _check_binding(self, resource: str, obj: Object, old: Object | None, user: User) -> None:
        same = ("roleRef", "subjects")
        if old is not None and all((obj.get(key) or []) == (old.get(key) or []) for key in same):
            return
        role = role_of(obj)
        bound = {"metadata": {"name": role.name, "namespace": obj["metadata"].get("namespace", "")}}
        if await self._may(user, "bind", _RESOURCES.get(role.kind, ""), bound):
            return
        rules = self._policy.rules_in(role)
        if rules is None:
            raise not_found(f"{_RESOURCES.get(role.kind, role.kind)}.{GROUP}", role.name)
        self._require(rules, resource, obj, user)

    async def _may(self, user: User, verb: str, resource: str, obj: Object) -> bool:
        metadata = obj["metadata"]
        wanted = Attributes(
            user, verb, GROUP, "v1", resource, "", metadata.get("namespace", ""), metadata.get("name", "")
        )
        return (await self._authorizer.authorize(wanted)).allowed

    def _require(self, rules: Iterable[Rule], resource: str, obj: Object, user: User) -> None:
        metadata = obj["metadata"]
        held, missing = self._policy.rules_of(user, metadata.get("namespace", ""))
        lacking = uncovered(held, rules)
        if not lacking:
            return
        said = (
            f'user "{user.name}" (groups={quoted(user.groups)}) is attempting to grant RBAC permissions not currently'
            " held:\n" + "\n".join(map(str, lacking))
        )
        if missing:
            said += f"; resolution errors: {missing}"
        raise forbidden(f"{resource}.{GROUP}", metadata.get("name", ""), said)


def uncovered(held: Iterable[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """What of `wanted` is not in `held`: verbs of the same thing together, in order."""
    held = list(held)
    lacking: dict[tuple[frozenset[str], ...], set[str]] = {}
    for rule in wanted:
        for one in rule.singles():
            if not any(ours.covers(one) for ours in held):
                thing = (one.groups, one.resources, one.names, one.paths)
                lacking.setdefault(thing, set()).update(one.verbs)
    return sorted((Rule(frozenset(verbs), *thing) for thing, verbs in lacking.items()), key=str)
