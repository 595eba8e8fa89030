"""Is a custom object as its schema wants it: types, required fields, enums, patterns, limits, formats, list types.

The errors are those of the library that Kubernetes uses (`spec.size in body should be less than or equal to 5`), for
tools look for them. Objects are pruned before, so nothing is said of unknown fields. Null is good only where the
schema says `nullable`.

What an update leaves as it was is not looked at again, so that an object that a later schema would not take can still
be changed elsewhere (above all, lose its finalizers). Members of lists are known again by their keys alone.

Source: k8s.io/kube-openapi, pkg/validation; apiextensions, pkg/apiserver/validation and pkg/apiserver/schema/listtype.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from hythe.kube.objects import names, problems
from hythe.kube.objects.custom.formats import accepts, in_range
from hythe.kube.objects.patch.merge import same
from hythe.kube.objects.status import Cause
from hythe.kube.objects.types import Object

_TYPES: Final = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
}


NEW: Final = object()
"""Stands for the old value where there was none."""


def check(value: Any, schema: Object, path: str = "", old: Any = NEW) -> list[Cause]:
    """All that is wrong with a value; `path` is that of the value, "" for a whole object; `old` is what was there."""
    return list(_check(value, schema, path, old))


def _check(value: Any, schema: Object, path: str, old: Any = NEW) -> Iterator[Cause]:
    if (value is None and schema.get("nullable")) or (old is not NEW and same(value, old)):
        return
    wrong = _wrong_type(value, schema, path)
    if wrong is not None:
        yield wrong
        return
    yield from _check_enum(value, schema, path)
    if isinstance(value, str):
        yield from _check_text(value, schema, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _check_number(value, schema, path)
    elif isinstance(value, list):
        yield from _check_list(value, schema, path, old)
    elif isinstance(value, dict):
        yield from _check_map(value, schema, path, old)
    yield from _check_junctors(value, schema, path)


def _type_of(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return "integer"
    return "null" if value is None else _TYPES[type(value)]


def _wrong_type(value: Any, schema: Object, path: str) -> Cause | None:
    wanted = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        return None if _type_of(value) in ("integer", "string") else _mistyped(value, "integer,string", path)
    if not wanted:
        return _mistyped(value, "object", path) if value is None and path == "" else None
    found = _type_of(value)
    if wanted == found or (wanted == "number" and found == "integer"):
        return None
    return _mistyped(value, wanted, path)


def _mistyped(value: Any, wanted: str, path: str) -> Cause:
    found = _type_of(value)
    said = _said(path, f'must be of type {wanted}: "{found}"')
    return problems.type_invalid(path or "<nil>", found, said)


def _said(path: str, what: str) -> str:
    return f"{path} in body {what}"


def _check_enum(value: Any, schema: Object, path: str) -> Iterator[Cause]:
    allowed = schema.get("enum")
    if allowed and not any(same(value, each) for each in allowed):
        listed = [each if isinstance(each, str) else json.dumps(each) for each in allowed]
        yield problems.not_supported(path, value, listed)


def _check_text(value: str, schema: Object, path: str) -> Iterator[Cause]:
    most, least, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
    if most is not None and len(value) > most:
        yield problems.too_long(path, most)
    if least is not None and len(value) < least:
        yield problems.invalid(path, value, _said(path, f"should be at least {least} chars long"))
    if pattern and not compiled(pattern).search(value):
        yield problems.invalid(path, value, _said(path, f"should match '{pattern}'"))
    form = schema.get("format", "")
    if form and schema.get("type") == "string" and not accepts(form, value):
        yield problems.invalid(path, value, _said(path, f'must be of type {form}: "{value}"'))


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    r"""A pattern of Go's as one of Python's: \z is its end of text, and $ never stands before a last newline."""
    inside, result, skip = False, [], False
    for character in pattern:
        if skip:
            result.append("Z" if character == "z" and not inside else character)
            skip = False
            continue
        skip = character == "\\"
        inside = (inside or character == "[") and character != "]"
        result.append(r"\Z" if character == "$" and not inside and "(?m" not in pattern else character)
    return re.compile("".join(result))


def _check_number(value: float, schema: Object, path: str) -> Iterator[Cause]:
    most, least, factor = schema.get("maximum"), schema.get("minimum"), schema.get("multipleOf")
    if most is not None and (value >= most if schema.get("exclusiveMaximum") else value > most):
        equal = "" if schema.get("exclusiveMaximum") else " or equal to"
        yield problems.invalid(path, value, _said(path, f"should be less than{equal} {most:g}"))
    if least is not None and (value <= least if schema.get("exclusiveMinimum") else value < least):
        equal = "" if schema.get("exclusiveMinimum") else " or equal to"
        yield problems.invalid(path, value, _said(path, f"should be greater than{equal} {least:g}"))
    if factor and (value / factor) % 1:
        yield problems.invalid(path, value, _said(path, f"should be a multiple of {factor:g}"))
    form = schema.get("format", "")
    if not in_range(form, value):
        yield problems.invalid(path, value, f"Checked value must be of type integer with format {form}")


def _check_list(value: list[Any], schema: Object, path: str, old: Any) -> Iterator[Cause]:
    most, least = schema.get("maxItems"), schema.get("minItems")
    if most is not None and len(value) > most:
        yield problems.too_many(path, len(value), most)
    if least is not None and len(value) < least:
        yield problems.invalid(path, len(value), _said(path, f"should have at least {least} items"))
    items = schema.get("items")
    if items:
        had = _by_keys(old, schema)
        for index, each in enumerate(value):
            yield from _check(each, items, f"{path}[{index}]", had.get(_key(each, schema), NEW))
    yield from _check_names(value, schema, path)


def _by_keys(old: Any, schema: Object) -> dict[str, Any]:
    """The old members of a list that is a map, by their keys; of others nothing is known."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return {}
    return {_key(each, schema): each for each in old}


def _key(member: Any, schema: Object) -> str:
    if not isinstance(member, dict):
        return ""
    return json.dumps([member.get(key) for key in schema.get("x-kubernetes-list-map-keys", ())])


def _check_names(value: list[Any], schema: Object, path: str) -> Iterator[Cause]:
    """Members of sets and maps must differ."""
    kind = schema.get("x-kubernetes-list-type")
    keys, properties = (
        schema.get("x-kubernetes-list-map-keys", ()),
        schema.get("items", {}).get("properties", {}),
    )
    if kind not in ("set", "map"):
        return
    seen: set[str] = set()
    for index, each in enumerate(value):
        name = each
        if kind == "map":
            if not isinstance(each, dict):
                continue
            defaults = {
                key: properties[key]["default"] for key in keys if "default" in properties.get(key, {})
            }
            name = {key: each.get(key, defaults.get(key)) for key in keys if key in each or key in defaults}
        identity = json.dumps(name, sort_keys=True)
        if identity in seen:
            yield problems.duplicate(f"{path}[{index}]", name)
        seen.add(identity)


def _check_map(value: Object, schema: Object, path: str, old: Any) -> Iterator[Cause]:
    most, least = schema.get("maxProperties"), schema.get("minProperties")
    if most is not None and len(value) > most:
        yield problems.too_many(path, len(value), most)
    if least is not None and len(value) < least:
        yield problems.invalid(path, len(value), _said(path, f"should have at least {least} properties"))
    for name in schema.get("required", ()):
        if name not in value:
            yield problems.required(_below(path, name))
    properties, more = schema.get("properties", {}), schema.get("additionalProperties")
    if schema.get("x-kubernetes-embedded-resource"):
        yield from _check_embedded(value, path)
    had = old if isinstance(old, dict) else {}
    for name, each in value.items():
        inner = properties.get(name, more)
        if isinstance(inner, dict):
            yield from _check(each, inner, _below(path, name), had.get(name, NEW))


def _check_embedded(value: Object, path: str) -> Iterator[Cause]:
    """Whether a map can be an object: it says what it is, and its metadata is good as far as it goes."""
    for name in ("apiVersion", "kind"):
        if not value.get(name):
            yield problems.required(_below(path, name), "must not be empty")
    kind, metadata = value.get("kind"), value.get("metadata") or {}
    if isinstance(kind, str) and kind and (found := names.dns1035_label(kind.lower())):
        detail = f"may have mixed case, but should otherwise match: {','.join(found)}"
        yield problems.invalid(_below(path, "kind"), kind, detail)
    name = metadata.get("name", "")
    if name and (found := names.path_segment(name)):
        yield problems.invalid(_below(path, "metadata.name"), name, ",".join(found))
    for key, text in (metadata.get("labels") or {}).items():
        where = _below(path, "metadata.labels")
        for one, found in ((key, names.qualified_name(key)), (text, names.label_value(text))):
            if found:
                yield problems.invalid(where, one, "; ".join(found))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _check_junctors(value: Any, schema: Object, path: str) -> Iterator[Cause]:
    shown = json.dumps(path)
    if each_of := schema.get("allOf"):
        found = [check(value, one, path) for one in each_of]
        yield from (cause for causes in found for cause in causes)
        if any(found):
            more = ". None validated" if all(found) else ""
            yield problems.invalid(path, "", f"{shown} must validate all the schemas (allOf){more}")
    if any_of := schema.get("anyOf"):
        found = [check(value, one, path) for one in any_of]
        if all(found):
            yield problems.invalid(path, "", f"{shown} must validate at least one schema (anyOf)")
            yield from min(found, key=len)
    if one_of := schema.get("oneOf"):
        found = [check(value, one, path) for one in one_of]
        good = sum(not causes for causes in found)
        if good != 1:
            more = f"Found {good} valid alternatives" if good else "Found none valid"
            yield problems.invalid(path, "", f"{shown} must validate one and only one schema (oneOf). {more}")
            if not good:
                yield from min(found, key=len)
    if schema.get("not") is not None and not check(value, schema["not"], path):
        yield problems.invalid(path, "", f"{shown} must not validate the schema (not)")
