"""Field managers of some kinds for tests, and short ways to look at who owns what."""

from __future__ import annotations

from typing import Any

from hythe.kube.objects import shape
from hythe.kube.objects.apply import fieldset, paths
from hythe.kube.objects.apply.manager import FieldManager
from hythe.kube.objects.apply.ownership import Versions
from hythe.kube.objects.shape import Shape
from hythe.kube.objects.types import GroupVersionKind, Object

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z"
STATUS = fieldset.of_paths([("f:status",)])


def of_kind(api_version: str, kind: str, subresource: str = "", ignored: Any = STATUS) -> FieldManager:
    known = shape.of_kind(GroupVersionKind.parse(api_version, kind))
    return of_shape({api_version: known}, api_version, subresource, ignored)


def of_shape(
    shapes: dict[str, Shape | None], version: str, subresource: str = "", ignored: Any = STATUS
) -> FieldManager:
    """A kind whose versions differ in their names alone."""

    def convert(obj: Object, to: str) -> Object | None:
        return {**obj, "apiVersion": to} if to in shapes else None

    return FieldManager(Versions(shapes.get, convert, ignored), version, subresource)


def owners(obj: Object) -> dict[str, list[str]]:
    """Who owns which paths: "manager/Operation" or "manager/Operation/subresource" -> [".spec.replicas", ...]."""
    found = {}
    for entry in obj["metadata"].get("managedFields", []):
        parts = (entry["manager"], entry["operation"], entry.get("subresource"))
        name = "/".join(part for part in parts if part)
        found[name] = [paths.show(path) for path in fieldset.members(entry["fieldsV1"])]
    return found


def deployment(**spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    }


def stored(obj: Object) -> Object:
    """As it comes from the store: with a uid and a resourceVersion."""
    return {**obj, "metadata": {**obj["metadata"], "uid": "u", "resourceVersion": "1"}}


def containers(*found: Any) -> Object:
    return {"spec": {"containers": list(found)}}
