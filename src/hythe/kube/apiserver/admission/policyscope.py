"""What the expressions of an admission policy can name: the objects, the request, the parameters, the namespace."""

from __future__ import annotations

from typing import Any, Final

from hythe.kube.apiserver.admission.chain import Review
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.records import Records
from hythe.kube.objects import labels
from hythe.kube.objects.cel.evaluation import Evaluator
from hythe.kube.objects.cel.program import Program
from hythe.kube.objects.types import GroupVersionKind, Object

NAMES: Final = ("object", "oldObject", "request", "params", "namespaceObject", "variables")


class Scope:
    """Of one write. `params` is None where the policy has no parameters."""

    def __init__(self, review: Review, namespace: Object | None, params: Object | None) -> None:
        gone = review.operation == "DELETE"
        self.names: dict[str, Any] = {
            "object": None if gone else review.obj,
            "oldObject": review.old,
            "request": _request(review),
            "params": params,
            "namespaceObject": namespace,
            "variables": {},
        }

    def with_variables(self, variables: list[tuple[str, Program]], evaluator: Evaluator) -> dict[str, Any]:
        """The names, with `variables`, of which each may use those before it. Raises EvaluationError, Spent."""
        names = {**self.names, "variables": {}}
        for name, program in variables:
            names["variables"][name] = program.evaluate(names, evaluator)
        return names


def _request(review: Review) -> Object:
    definition, user = review.definition, review.user
    return {
        "kind": {"group": definition.group, "version": definition.version, "kind": definition.kind},
        "resource": {"group": definition.group, "version": definition.version, "resource": definition.plural},
        "subResource": review.subresource,
        "name": review.name,
        "namespace": review.namespace,
        "operation": review.operation,
        "userInfo": {
            "username": user.name,
            "uid": user.uid,
            "groups": list(user.groups),
            "extra": {key: list(values) for key, values in user.extra.items()},
        },
        "dryRun": review.dry_run,
    }


async def params_of(
    definitions: Definitions, records: Records, policy: Object, binding: Object, namespace: str
) -> list[Object | None]:
    """The parameters that a binding names: one None where the policy has none, nothing where they are missing."""
    kind, ref = policy.get("paramKind"), binding.get("paramRef") or {}
    if not kind:
        return [None]
    definition = definitions.of_kind(
        *GroupVersionKind.parse(kind.get("apiVersion", ""), kind.get("kind", ""))
    )
    if definition is None:
        return []
    inside = (ref.get("namespace") or namespace) if definition.namespaced else ""
    if ref.get("name"):
        found = await records.find(definition, inside, ref["name"])
        return [found.object()] if found is not None else []
    selector = labels.from_object(ref.get("selector"))
    return [
        each
        async for each in records.objects(definition, inside)
        if selector.matches(each["metadata"].get("labels"))
    ]
