"""The schema of a version of a CustomResourceDefinition: is each of its nodes good, and is it structural.

Here each node is looked at by itself: words that are not supported, list and map types, defaults that do not fit
their own schema; `structural` looks at how the nodes stand together.

Rules in CEL are looked at last (`rules`).

Source: apiextensions, pkg/apis/apiextensions/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from hythe.kube.objects import problems
from hythe.kube.objects.custom import pruning, rules, structural, values
from hythe.kube.objects.status import Cause
from hythe.kube.objects.types import Object

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED: Final = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_AT_ROOT: Final = "at the root of the schema if the status subresource is enabled"
_IS_KEY: Final = "this property is in x-kubernetes-list-map-keys, so it"
_META: Final = ("apiVersion", "kind", "metadata")
# What a root may have when there is a status subresource, by their names in Go.
_ROOT: Final = {
    "description": "Description", "type": "Type", "format": "Format", "title": "Title", "maximum": "Maximum",
    "exclusiveMaximum": "ExclusiveMaximum", "minimum": "Minimum", "exclusiveMinimum": "ExclusiveMinimum",
    "maxLength": "MaxLength", "minLength": "MinLength", "pattern": "Pattern", "maxItems": "MaxItems",
    "minItems": "MinItems", "uniqueItems": "UniqueItems", "multipleOf": "MultipleOf", "required": "Required",
    "items": "Items", "properties": "Properties", "externalDocs": "ExternalDocs", "example": "Example",
    "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields", "x-kubernetes-validations": "XValidations",
}  # fmt: skip


def check(schema: Object, path: str, *, with_status: bool) -> list[Cause]:
    """All that is wrong with the schema of a version. `with_status`: the version has the status subresource."""
    causes = [*_check_root(schema, path, with_status), *_check_node(schema, path, root=True)]
    causes += structural.check(schema, path)
    return causes if causes else [*_check_defaults(schema, path), *rules.check_schema(schema, path)]


def _check_root(schema: Object, path: str, with_status: bool) -> Iterator[Cause]:
    if with_status:
        if "type" in schema and schema["type"] != "object":
            detail = f'only "object" is allowed as the type {_AT_ROOT}'
            yield problems.invalid(f"{path}.type", schema["type"], detail)
        elif any(key not in _ROOT for key in schema):
            allowed = f"[{' '.join(_ROOT.values())}]"
            detail = f"only {allowed} fields are allowed {_AT_ROOT}"
            yield problems.invalid(path, schema, detail)
    if schema.get("nullable"):
        yield problems.forbidden(f"{path}.nullable", "nullable cannot be true at the root")


def _check_node(schema: Object, path: str, *, root: bool = False) -> Iterator[Cause]:
    yield from _check_words(schema, path)
    more = schema.get("additionalProperties")
    if schema.get("properties") and more is not None and more is not True:
        yield problems.forbidden(
            f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"
        )
    yield from _check_map_type(schema, path)
    yield from _check_list_type(schema, path)
    if root:
        for name in _META:
            if "default" in schema.get("properties", {}).get(name, {}):
                where = f"{path}.properties[{name}].default"
                yield problems.forbidden(where, f"must not be set in top-level {name}")
    for each, below in structural.children(schema, path):
        yield from _check_node(each, below)


def _check_words(schema: Object, path: str) -> Iterator[Cause]:
    kind = schema.get("type")
    if kind == "null":
        detail = "type cannot be set to null, use nullable as an alternative"
        yield problems.forbidden(f"{path}.type", detail)
    elif kind and kind not in _TYPES:
        yield problems.not_supported(f"{path}.type", kind, _TYPES)
    for key in _UNSUPPORTED:
        if schema.get(key):
            yield problems.forbidden(f"{path}.{key}", f"{key} is not supported")
    if isinstance(schema.get("items"), list):
        yield problems.forbidden(f"{path}.items", "items must be a schema object and not an array")
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield problems.forbidden(f"{path}.uniqueItems", detail)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        where = f"{path}.x-kubernetes-preserve-unknown-fields"
        yield problems.invalid(where, False, "must be true or undefined")
    if schema.get("pattern"):
        try:
            values.compiled(schema["pattern"])
        except re.error as problem:
            detail = f"must be a valid regular expression, but isn't: {problem}"
            yield problems.invalid(f"{path}.pattern", schema["pattern"], detail)


def _check_map_type(schema: Object, path: str) -> Iterator[Cause]:
    said = schema.get("x-kubernetes-map-type")
    if said is None:
        return
    yield from _check_type(schema, path, "object", "x-kubernetes-map-type")
    if said not in ("atomic", "granular"):
        yield problems.not_supported(f"{path}.x-kubernetes-map-type", said, ("atomic", "granular"))


def _check_type(schema: Object, path: str, wanted: str, word: str) -> Iterator[Cause]:
    kind, detail = schema.get("type"), f"must be {wanted} if {word} is specified"
    if not kind:
        yield problems.required(f"{path}.type", detail)
    elif kind != wanted:
        yield problems.invalid(f"{path}.type", kind, detail)


def _check_list_type(schema: Object, path: str) -> Iterator[Cause]:
    said, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys") or []
    where = f"{path}.x-kubernetes-list-type"
    items = schema.get("items") if isinstance(schema.get("items"), dict) else None
    if said is not None:
        yield from _check_type(schema, path, "array", "x-kubernetes-list-type")
        if said not in ("atomic", "set", "map"):
            yield problems.not_supported(where, said, ("atomic", "set", "map"))
    if said == "set" and items is not None:
        yield from _check_set_items(items, path)
    if keys and said != "map":
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        yield problems.invalid(where, said, detail) if said else problems.required(where, detail)
    if said == "map":
        yield from _check_keys(items, keys, path)
    if said in ("map", "set") and items is not None and items.get("nullable"):
        yield problems.forbidden(
            f"{path}.items.nullable", f"cannot be nullable when x-kubernetes-list-type is {said}"
        )


def _check_set_items(items: Object, path: str) -> Iterator[Cause]:
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    for kind, word in (("array", "x-kubernetes-list-type"), ("object", "x-kubernetes-map-type")):
        said = items.get(word)
        if items.get("type") == kind and said != "atomic" and not (kind == "array" and said is None):
            yield problems.invalid(f"{path}.items.{word}", said, detail)


def _check_keys(items: Object | None, keys: list[str], path: str) -> Iterator[Cause]:
    where = f"{path}.x-kubernetes-list-map-keys"
    if not keys:
        yield problems.required(where, "must not be empty if x-kubernetes-list-type is map")
    if items is None:
        yield problems.required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
        return
    if items.get("type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield problems.invalid(f"{path}.items.type", items.get("type", ""), detail)
    if len(set(keys)) != len(keys):
        yield problems.invalid(where, keys, "must not contain duplicate entries")
    properties, needed = items.get("properties", {}), items.get("required") or []
    for key in dict.fromkeys(keys):
        below = f"{path}.items.properties[{key}]"
        if key not in properties:
            yield problems.invalid(where, keys, "entries must all be names of item properties")
            continue
        if properties[key].get("type") in ("array", "object"):
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield problems.invalid(f"{below}.type", properties[key]["type"], detail)
        if key not in needed and "default" not in properties[key]:
            yield problems.required(
                f"{below}.default", f"{_IS_KEY} must have a default or be a required property"
            )
        if properties[key].get("nullable"):
            yield problems.forbidden(f"{below}.nullable", f"{_IS_KEY} cannot be nullable")


def _check_defaults(schema: Object, path: str) -> Iterator[Cause]:
    """Defaults must be values that the schema takes, and of fields that it knows."""
    if "default" in schema:
        value: Any = schema["default"]
        where = f"{path}.default"
        _, gone = pruning.pruned({"value": value}, {"type": "object", "properties": {"value": schema}})
        for lost in gone:
            yield problems.invalid(
                where, value, f"must not have unknown fields: {lost.removeprefix('value.')}"
            )
        yield from values.check(value, schema, where)
    for each, below in structural.children(schema, path):
        yield from _check_defaults(each, below)
