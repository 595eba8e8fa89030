"""The structure of a schema: every node outside of allOf, anyOf, oneOf and not has a type, those inside add nothing.

Only then can it be said of every field of an object whether the schema knows it, which pruning needs.

Source: apiextensions, pkg/apiserver/schema/validation.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hythe.kube.objects import problems
from hythe.kube.objects.status import Cause
from hythe.kube.objects.types import Object

_JUNCTORS: Final = ("allOf", "anyOf", "oneOf")
_FORBIDDEN_INSIDE: Final = {
    "type": "must be empty to be structural",
    "additionalProperties": "must be undefined to be structural",
    "default": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
    "x-kubernetes-embedded-resource": "must be false to be structural",
    "x-kubernetes-int-or-string": "must be false to be structural",
    "x-kubernetes-list-map-keys": "must be empty to be structural",
    "x-kubernetes-list-type": "must be undefined to be structural",
    "x-kubernetes-map-type": "must be undefined to be structural",
    "x-kubernetes-validations": "must be empty to be structural",
}
_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]


def check(schema: Object, path: str) -> list[Cause]:
    """All that keeps a schema from being structural, in the order of the messages."""
    found = [*_check_structure(schema, path, "root"), *_check_completeness(schema, schema, path, path)]
    return sorted(found, key=str)


def children(schema: Object, path: str) -> Iterator[tuple[Object, str]]:
    """The schemas directly in a schema, and where they stand."""
    for name, each in schema.get("properties", {}).items():
        yield each, f"{path}.properties[{name}]"
    for key in ("additionalProperties", "items", "not"):
        if isinstance(schema.get(key), dict):
            yield schema[key], f"{path}.{key}"
    for key in _JUNCTORS:
        for index, each in enumerate(schema.get(key) or []):
            yield each, f"{path}.{key}[{index}]"


def _check_structure(schema: Object, path: str, level: str) -> Iterator[Cause]:
    """`level`: root, item or field."""
    if schema.get("type") == "array" and not schema.get("items"):
        yield problems.required(f"{path}.items", "must be specified")
    if isinstance(schema.get("items"), dict):
        yield from _check_structure(schema["items"], f"{path}.items", "item")
    for name, each in schema.get("properties", {}).items():
        yield from _check_structure(each, f"{path}.properties[{name}]", "field")
    more = schema.get("additionalProperties")
    if more is not None and level == "root":
        yield problems.forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if isinstance(more, dict):
        yield from _check_structure(more, f"{path}.additionalProperties", "field")
    yield from _check_words_together(schema, path)
    yield from _check_needs_type(schema, path, level)
    yield from _check_resource(schema, path, level)
    loose = _says_int_or_string(schema)
    for key in _JUNCTORS:
        for index, each in enumerate(schema.get(key) or []):
            if not (key == "anyOf" and loose) and not (
                key == "allOf" and index == 0 and _says_int_or_string(each)
            ):
                yield from _check_inside(each, f"{path}.{key}[{index}]")
    if isinstance(schema.get("not"), dict):
        yield from _check_inside(schema["not"], f"{path}.not")


def _says_int_or_string(schema: Object) -> bool:
    return bool(schema.get("anyOf") == _INT_OR_STRING)


def _check_words_together(schema: Object, path: str) -> Iterator[Cause]:
    if schema.get("x-kubernetes-int-or-string"):
        for word in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"):
            if schema.get(word):
                detail = "must be false if x-kubernetes-int-or-string is true"
                yield problems.invalid(f"{path}.{word}", True, detail)


def _check_needs_type(schema: Object, path: str, level: str) -> Iterator[Cause]:
    kind = schema.get("type")
    if schema.get("x-kubernetes-embedded-resource") and kind != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        yield (
            problems.invalid(f"{path}.type", kind, detail)
            if kind
            else problems.required(f"{path}.type", detail)
        )
        return
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not kind and not free:
        of_level = {
            "root": "at the root",
            "item": "for specified array items",
            "field": "for specified object fields",
        }
        yield problems.required(f"{path}.type", f"must not be empty {of_level[level]}")
    if level == "root" and kind and kind != "object":
        yield problems.invalid(f"{path}.type", kind, "must be object at the root")


def _check_resource(schema: Object, path: str, level: str) -> Iterator[Cause]:
    """What a resource's own fields may be restricted by, at the root and where another is embedded."""
    embedded = schema.get("x-kubernetes-embedded-resource")
    properties = schema.get("properties", {})
    if embedded and not schema.get("x-kubernetes-preserve-unknown-fields") and not properties:
        without = "x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        detail = f"must not be empty if {without}"
        yield problems.required(f"{path}.properties", detail)
    if embedded and schema.get("additionalProperties") is not None:
        detail = "must not be used if x-kubernetes-embedded-resource is set"
        yield problems.forbidden(f"{path}.additionalProperties", detail)
    if level != "root" and not embedded:
        return
    for name, wanted in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        if name in properties and properties[name].get("type") != wanted:
            where = f"{path}.properties[{name}].type"
            yield problems.invalid(where, properties[name].get("type", ""), f"must be {wanted}")
    if level == "root" and _restricts_metadata(properties.get("metadata") or {}):
        detail = (
            "must not specify anything other than name and generateName, but metadata is implicitly specified"
        )
        yield problems.forbidden(f"{path}.properties[metadata]", detail)


def _restricts_metadata(metadata: Object) -> bool:
    properties = metadata.get("properties") or {}
    other = {key for key in metadata if key not in ("type", "default", "properties")}
    return bool(other or any(name not in ("name", "generateName") for name in properties))


def _check_inside(schema: Object, path: str) -> Iterator[Cause]:
    """A schema inside of allOf, anyOf, oneOf or not: it may only say which values are good."""
    for key, detail in _FORBIDDEN_INSIDE.items():
        if schema.get(key) or (key in ("default", "additionalProperties") and key in schema):
            yield problems.forbidden(f"{path}.{key}", detail)
    if "metadata" in schema.get("properties", {}):
        yield problems.forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")
    for each, below in children(schema, path):
        if below != f"{path}.additionalProperties":
            yield from _check_inside(each, below)


def _check_completeness(inside: Object, schema: Object | None, path: str, inner: str) -> Iterator[Cause]:
    """What a junctor says of a field must be said of a field that the structure knows."""
    if schema is None:
        yield problems.required(path, f"because it is defined in {inner}")
        return
    found = [
        (each, f"{inner}.{key}[{i}]") for key in _JUNCTORS for i, each in enumerate(inside.get(key) or [])
    ]
    if isinstance(inside.get("not"), dict):
        found.append((inside["not"], f"{inner}.not"))
    for each, below in found:
        yield from _check_completeness(each, schema, path, below)
        if isinstance(each.get("items"), dict):
            yield from _check_completeness(
                each["items"], schema.get("items"), f"{path}.items", f"{below}.items"
            )
        for name, one in each.get("properties", {}).items():
            known = schema.get("properties", {}).get(name)
            where = f"properties[{name}]"
            yield from _check_completeness(one, known, f"{path}.{where}", f"{below}.{where}")
