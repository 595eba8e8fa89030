"""OpenAPI v3: an index, and one document for each group and version.

The index names each document by a path with a hash of what it is made of, so that clients may keep what they got for
a year. A document has the paths of its resources (`operations`) and every schema that they lead to, with
descriptions: `kubectl explain` shows them, `kubectl apply` takes merge keys from them.

`schemas` holds the schemas of custom resources by kind (structural, as their CustomResourceDefinition has them);
those of built-in kinds are known.

Source: Kubernetes, "OpenAPI V3"; k8s.io/kube-openapi, pkg/handler3.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from hythe import __version__
from hythe.kube.objects.publish.operations import META, paths
from hythe.kube.objects.schema import definitions
from hythe.kube.objects.schema.resources import Resource, Table
from hythe.kube.objects.types import GroupVersionKind, Object

Schemas = Mapping[GroupVersionKind, Object]

_BEARER: Final = {"type": "apiKey", "description": "Bearer Token", "name": "authorization", "in": "header"}
_FIXED: Final = {
    "apiVersion": "The version of the API that this object is written in.",
    "kind": "The kind of thing that this object is.",
}
_RESOURCE: Final[Object] = {
    **{key: {"type": "string", "description": text} for key, text in _FIXED.items()},
    "metadata": {
        "allOf": [{"$ref": f"{definitions.REF}{META}.ObjectMeta"}],
        "description": "Standard object's metadata.",
    },
}


def index(table: Table, schemas: Schemas) -> Object:
    """The answer at /openapi/v3."""
    found = {}
    for group, versions in table.versions.items():
        for version in versions:
            path = f"apis/{group}/{version}" if group else f"api/{version}"
            digest = hashed(table, group, version, schemas)
            found[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": found}


def hashed(table: Table, group: str, version: str, schemas: Schemas) -> str:
    """The hash of one document, in upper-case hexadecimal digits; its ETag as well."""
    resources = table.of_version(group, version)
    made_of = [__version__, [_key(each) for each in resources], [schemas.get(each.gvk) for each in resources]]
    return hashlib.sha512(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:64].upper()


def _key(resource: Resource) -> list[Any]:
    sub = [[each.name, *each.gvk, *each.verbs] for each in resource.subresources.values()]
    return [resource.plural, resource.kind, resource.namespaced, *sorted(resource.verbs), sub]


def document(table: Table, group: str, version: str, schemas: Schemas, release: str) -> Object | None:
    """The document of a group and version; `release` is the server's version. None if there is none."""
    resources = table.of_version(group, version)
    if not resources:
        return None
    components = _Components(schemas)
    found = {path: said for each in resources for path, said in paths(each, components.reference)}
    for each in resources:
        components.reference(each.gvk)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": release},
        "paths": dict(sorted(found.items())),
        "components": {
            "schemas": components.complete(),
            "securitySchemes": {"BearerToken": _BEARER},
        },
    }


class _Components:
    """Collects the schemas that a document refers to."""

    def __init__(self, schemas: Schemas) -> None:
        self._custom = schemas
        self._wanted: dict[str, Object | None] = {f"{META}.Patch": None}

    def reference(self, gvk: GroupVersionKind) -> Object:
        """A schema that refers to that of `gvk`, which is in the document from now on."""
        name = definitions.name_of(gvk)
        if name is not None:
            self._wanted.setdefault(name, None)
        else:
            listed = gvk._replace(kind=gvk.kind.removesuffix("List"))
            if gvk in self._custom:
                name = custom_name(gvk)
                self._wanted[name] = custom_schema(gvk, self._custom[gvk])
            elif gvk.kind.endswith("List") and listed in self._custom:
                name = custom_name(gvk)
                self._wanted[name] = _list_schema(gvk, custom_name(listed))
            else:
                return {"type": "object"}
        return {"$ref": definitions.REF + name}

    def complete(self) -> Object:
        """All that was asked for and all that this leads to, by name."""
        found: Object = {}
        waiting = list(self._wanted)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = self._wanted.get(name) or definitions.described(name)
                waiting.extend(_references(found[name]))
        return dict(sorted(found.items()))


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        ref = schema.get("$ref")
        if isinstance(ref, str):
            yield ref.removeprefix(definitions.REF)
        for each in schema.values():
            yield from _references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _references(each)


def custom_name(gvk: GroupVersionKind) -> str:
    """The name of a custom kind's schema: its group backwards, com.example.v1.Widget."""
    return ".".join([*reversed(gvk.group.split(".")), gvk.version, gvk.kind])


def custom_schema(gvk: GroupVersionKind, schema: Object) -> Object:
    """A custom kind's schema as it is published: with the fields that every object has."""
    known = _with_embedded(schema).get("properties", {})
    properties = {key: value for key, value in known.items() if key not in _RESOURCE}
    return {
        **schema,
        "type": "object",
        "properties": {**_RESOURCE, **properties},
        "x-kubernetes-group-version-kind": [_kind(gvk)],
    }


def _with_embedded(schema: Object) -> Object:
    """A schema in which embedded resources have the fields that every object has."""
    made = dict(schema)
    if "properties" in made:
        made["properties"] = {name: _with_embedded(each) for name, each in made["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _with_embedded(made[key])
    if made.get("x-kubernetes-embedded-resource"):
        made["properties"] = {**made.get("properties", {}), **_RESOURCE}
        made["required"] = list(dict.fromkeys([*made.get("required", ()), "kind", "apiVersion"]))
    return made


def _list_schema(gvk: GroupVersionKind, item: str) -> Object:
    fixed: Object = {key: {"type": "string", "description": text} for key, text in _FIXED.items()}
    fixed["metadata"] = {
        "allOf": [{"$ref": f"{definitions.REF}{META}.ListMeta"}],
        "description": "The list's own.",
    }
    fixed["items"] = {
        "type": "array",
        "items": {"$ref": definitions.REF + item},
        "description": "The objects.",
    }
    return {
        "type": "object",
        "description": f"{gvk.kind} is a list of {gvk.kind.removesuffix('List')}",
        "required": ["items"],
        "properties": fixed,
        "x-kubernetes-group-version-kind": [_kind(gvk)],
    }


def _kind(gvk: GroupVersionKind) -> Object:
    return {"group": gvk.group, "version": gvk.version, "kind": gvk.kind}


def group_versions(table: Table) -> Iterable[tuple[str, str]]:
    """Every group and version that has a document."""
    return [(group, version) for group, versions in table.versions.items() for version in versions]
