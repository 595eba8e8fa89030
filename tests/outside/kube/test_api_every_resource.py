"""Every built-in resource, with bodies that say too little: refused or taken, never an internal error."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects.schema.resources import Resource, builtin
from tests.outside.kube.api import Api

BODIES: tuple[Any, ...] = (
    {},
    {"metadata": None},
    {"metadata": {"name": "x1"}},
    {"metadata": {"name": "x2"}, "spec": {}},
    {"metadata": {"name": "x3"}, "spec": None},
    {"metadata": {"name": "x4"}, "spec": {"template": {}}},
    {"metadata": {"name": "x5"}, "spec": {"ports": [{}], "containers": [{}]}},
    {"metadata": {"name": 5}},
    [],
    "text",
)
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METHODS = {"get": "GET", "create": "POST", "update": "PUT", "patch": "PATCH"}
PATCHES = {
    "application/merge-patch+json": {"spec": None, "metadata": {"labels": {"a": "b"}}},
    "application/strategic-merge-patch+json": {"spec": {}, "metadata": {"labels": {"a": "c"}}},
    "application/json-patch+json": [{"op": "remove", "path": "/metadata"}],
}


def _id(resource: Resource) -> str:
    return f"{resource.qualified}/{resource.version}"


@pytest.mark.parametrize("resource", list(builtin()), ids=_id)
def test_no_body_is_an_internal_error(api: Api, room: str, resource: Resource) -> None:
    base = f"/apis/{resource.group}/{resource.version}" if resource.group else "/api/v1"
    inside = f"/namespaces/{room.rpartition('/')[2]}" if resource.namespaced else ""
    path = f"{base}{inside}/{resource.plural}"
    if "create" not in resource.verbs:
        assert api("POST", path, {}).code == 405
        return
    for body in BODIES:
        assert api("POST", path, body).code < 500, body
    if "get" not in resource.verbs:
        return
    assert api("GET", path, Accept=TABLE).code == 200
    for kind, body in PATCHES.items():
        assert api("PATCH", f"{path}/x1", body, kind=kind).code < 500, kind
    config = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": "x6"}}
    applied = api("PATCH", f"{path}/x6?fieldManager=me", config, kind="application/apply-patch+yaml")
    assert applied.code < 500, applied
    for sub in resource.subresources.values():
        for verb in set(sub.verbs) & METHODS.keys():
            kind = "application/merge-patch+json" if verb == "patch" else "application/json"
            body = None if verb == "get" else {"metadata": {"name": "x1"}}
            answer = api(METHODS[verb], f"{path}/x1/{sub.name}", body, kind=kind)
            assert answer.code < 500 or "addresses" in answer.body["message"], (sub.name, verb, answer)
    for name in ("x1", "x2", "x3", "x4", "x5", "x6"):
        assert api("DELETE", f"{path}/{name}").code in (200, 404, 405)
