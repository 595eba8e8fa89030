"""How the tests of validation make objects and ask what is wrong with them."""

from __future__ import annotations

import copy
import json
from typing import Any

from hythe.kube.objects import status
from hythe.kube.objects.schema import decode, defaults, validation
from hythe.kube.objects.schema.resources import Resource, builtin
from hythe.kube.objects.types import GroupVersionKind, Object


def resource(api_version: str, kind: str) -> Resource:
    found = builtin().of_kind(GroupVersionKind.parse(api_version, kind))
    assert found
    return found


def made(api_version: str, kind: str, **fields: Any) -> Object:
    """An object as the server has it before it validates: decoded, with its defaults, in its namespace."""
    found = resource(api_version, kind)
    metadata = {
        "name": "x",
        **({"namespace": "ns"} if found.namespaced else {}),
        **fields.pop("metadata", {}),
    }
    value = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
    obj = decode.body(json.dumps(value).encode(), "application/json", found.gvk, "Strict").object
    defaults.fill(obj, found.gvk)
    return obj


def wrong(api_version: str, kind: str, **fields: Any) -> list[str]:
    """What is said of a new object, `path: message` each."""
    causes = validation.create(made(api_version, kind, **fields), resource(api_version, kind))
    return [str(cause) for cause in causes]


def changed(old: Object, **changes: Any) -> list[str]:
    """What is said when the fields at these paths (`spec__replicas`) get these values; None takes one away."""
    new = copy.deepcopy(old)
    for path, value in changes.items():
        *way, last = path.split("__")
        place = new
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return compared(new, old)


def compared(new: Object, old: Object, subresource: str = "") -> list[str]:
    for obj in (new, old):
        obj["metadata"]["resourceVersion"] = "1"
    found = resource(new["apiVersion"], new["kind"])
    return [str(cause) for cause in validation.update(new, old, found, subresource)]


def message(api_version: str, kind: str, **fields: Any) -> str:
    """The message of the Status that a client gets."""
    obj, found = made(api_version, kind, **fields), resource(api_version, kind)
    return status.invalid(
        found.qualified_kind, obj["metadata"].get("name", ""), validation.create(obj, found)
    ).message


CONTAINER: Object = {"name": "c", "image": "nginx"}


def template(**spec: Any) -> Object:
    return {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [CONTAINER], **spec}}


SELECTOR: Object = {"matchLabels": {"app": "x"}}
