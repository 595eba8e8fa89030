"""OpenAPI v2: one document of everything, made of the v3 documents, for clients and tests that know no other.

The difference is small: schemas stand under `definitions`, a body is a parameter, answers have a schema and no media
types, and a schema can say less. What it cannot say is left out as Kubernetes leaves it out of custom resources: what
is nullable has no type, what keeps unknown fields has no properties, and there is no anyOf, oneOf, allOf or not.

Source: apiextensions, pkg/controller/openapi/v2/conversion.go and builder; kube-openapi, pkg/openapiconv.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from hythe.kube.objects.publish import openapi
from hythe.kube.objects.publish.openapi import Schemas
from hythe.kube.objects.schema.definitions import REF
from hythe.kube.objects.schema.resources import Table
from hythe.kube.objects.types import Object

_DEFINITIONS: Final = "#/definitions/"
_DROPPED: Final = ("allOf", "oneOf", "anyOf", "not", "nullable")
_BEARER: Final = {"type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer Token"}
_METHODS: Final = frozenset(("get", "put", "post", "delete", "patch"))


def hashed(table: Table, schemas: Schemas) -> str:
    """A tag of the document: it changes with what any v3 document is made of."""
    tags = "".join(openapi.hashed(table, *each, schemas) for each in openapi.group_versions(table))
    return hashlib.sha512(tags.encode()).hexdigest()[:64].upper()


def document(table: Table, schemas: Schemas, release: str) -> Object:
    """The document at /openapi/v2; `release` is the server's version."""
    paths: Object = {}
    definitions: Object = {}
    for group, version in openapi.group_versions(table):
        found = openapi.document(table, group, version, schemas, release) or {}
        paths |= {path: _path(said) for path, said in found["paths"].items()}
        for name, schema in found["components"]["schemas"].items():
            if name not in definitions:
                definitions[name] = _definition(schema)
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": release},
        "paths": dict(sorted(paths.items())),
        "definitions": dict(sorted(definitions.items())),
        "securityDefinitions": {"BearerToken": _BEARER},
        "security": [{"BearerToken": []}],
    }


def _definition(schema: Object) -> Object:
    """A kind that keeps what it does not know is an object of which nothing more is said."""
    if schema.get("x-kubernetes-preserve-unknown-fields") and "x-kubernetes-group-version-kind" in schema:
        kinds = schema["x-kubernetes-group-version-kind"]
        return {"type": "object", "x-kubernetes-group-version-kind": kinds}
    return _schema(schema)


def _path(said: Object) -> Object:
    made = {key: _operation(each) for key, each in said.items() if key in _METHODS}
    return {**made, "parameters": [_parameter(each) for each in said.get("parameters", ())]}


def _parameter(said: Object) -> Object:
    return {**{key: each for key, each in said.items() if key != "schema"}, **said["schema"]}


def _operation(said: Object) -> Object:
    made = {key: each for key, each in said.items() if key not in ("requestBody", "responses", "parameters")}
    made["parameters"] = [_parameter(each) for each in said["parameters"]]
    made["consumes"], made["produces"] = ["*/*"], ["application/json", "application/yaml"]
    if body := said.get("requestBody"):
        made["consumes"] = list(body["content"])
        schema = _schema(next(iter(body["content"].values()))["schema"])
        made["parameters"].append(
            {"name": "body", "in": "body", "required": body["required"], "schema": schema}
        )
    made["responses"] = {code: _response(each) for code, each in said["responses"].items()}
    return {**made, "schemes": ["https"]}


def _response(said: Object) -> Object:
    made: Object = {"description": said["description"]}
    if said.get("content"):
        made["schema"] = _schema(next(iter(said["content"].values()))["schema"])
    return made


def _schema(schema: Object) -> Object:
    """A schema in the words of v2."""
    if "$ref" in schema:
        return {**schema, "$ref": _reference(schema["$ref"])}
    if len(schema.get("allOf", ())) == 1 and "$ref" in schema["allOf"][0]:
        rest = {key: each for key, each in schema.items() if key != "allOf"}
        return {"$ref": _reference(schema["allOf"][0]["$ref"]), **rest}
    made = {key: each for key, each in schema.items() if key not in _DROPPED}
    if "oneOf" in schema and "type" not in schema:
        return {**made, "type": "string"}  # a quantity, or a number or a name: v2 can say one type alone
    _lighten(made, nullable=bool(schema.get("nullable")))
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _schema(made[key])
    if "properties" in made:
        made["properties"] = {name: _schema(each) for name, each in made["properties"].items()}
        _require_less(made, schema)
    return made


def _reference(text: str) -> str:
    return text.replace(REF, _DEFINITIONS, 1)


def _lighten(made: Object, *, nullable: bool) -> None:
    """Takes away what readers of v2 would misunderstand."""
    keeps = bool(made.get("x-kubernetes-preserve-unknown-fields"))
    if nullable or keeps:
        for key in ("items", "properties"):
            made.pop(key, None)
    kind = made.get("type")
    if nullable or (kind == "array" and "items" not in made) or (keeps and kind == "object"):
        made.pop("type", None)


def _require_less(made: Object, schema: Object) -> None:
    """Fields that may be null cannot be said to be required."""
    nullable = {name for name, each in schema["properties"].items() if each.get("nullable")}
    required: list[Any] = [name for name in made.get("required", ()) if name not in nullable]
    if "required" in made and required != made["required"]:
        made["required"] = required
        if not required:
            del made["required"]
