"""Fields that the schema does not know go from a custom object; defaults come in.

Pruning stops where `x-kubernetes-preserve-unknown-fields` stands, and begins again below where fields are declared.
apiVersion, kind and metadata are known at the top and in embedded resources, and metadata is what it is everywhere.
What was taken away is told by its paths, for strict requests refuse it and others warn. Defaults fill in what is
missing, and replace a null where the schema does not allow one.

Source: apiextensions, pkg/apiserver/schema/pruning/algorithm.go and defaulting/algorithm.go.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from hythe.kube.objects.schema.decode.typed import apply as as_struct
from hythe.kube.objects.schema.gotypes import struct
from hythe.kube.objects.types import Object

_META: Final = ("apiVersion", "kind", "metadata")
_METADATA: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def pruned(obj: Object, schema: Object) -> tuple[Object, list[str]]:
    """A copy of a whole object without what its schema does not know, and the paths of that (`spec.a[0].b`).

    Raises `Undecodable` for metadata of wrong types.
    """
    gone: list[str] = []
    result: Object = _pruned(obj, schema, "", True, gone)
    return result, gone


def _pruned(value: Any, schema: Object, path: str, root: bool, gone: list[str]) -> Any:
    if isinstance(value, list):
        items = schema.get("items") or {}
        loose = {"x-kubernetes-preserve-unknown-fields": True} if _keeps(schema) and not items else items
        return [_pruned(each, loose, f"{path}[{index}]", False, gone) for index, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    properties, more = schema.get("properties", {}), schema.get("additionalProperties")
    resource = root or bool(schema.get("x-kubernetes-embedded-resource"))
    kept: Object = {}
    for name, each in value.items():
        below = f"{path}.{name}" if path else name
        if resource and name == "metadata":
            kept[name] = _metadata(each, below, gone)
        elif resource and name in _META:
            kept[name] = copy.deepcopy(each)
        elif name in properties:
            kept[name] = _pruned(each, properties[name], below, False, gone)
        elif isinstance(more, dict):
            kept[name] = _pruned(each, more, below, False, gone)
        elif more or _keeps(schema):
            kept[name] = copy.deepcopy(each)
        else:
            gone.append(below)
    return kept


def _metadata(value: Any, path: str, gone: list[str]) -> Any:
    """Metadata as Go's ObjectMeta holds it, but without what that would add."""
    made = as_struct(value, struct(_METADATA))
    lost = [problem.removeprefix('unknown field "').removesuffix('"') for problem in made.problems]
    gone.extend(f"{path}.{each}" for each in lost)
    return {name: each for name, each in made.object.items() if name in (value or {})}


def _keeps(schema: Object) -> bool:
    return bool(schema.get("x-kubernetes-preserve-unknown-fields"))


def fill(value: Any, schema: Object) -> None:
    """Puts the schema's defaults into a value, in place; twice is the same as once."""
    if isinstance(value, dict):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties")
        for name, each in properties.items():
            if "default" in each and (
                name not in value or (value[name] is None and not each.get("nullable"))
            ):
                value[name] = copy.deepcopy(each["default"])
            elif name in value and value[name] is None and not each.get("nullable"):
                del value[name]
        for name, each in value.items():
            inner = properties.get(name, more)
            if isinstance(inner, dict):
                fill(each, inner)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for each in value:
            fill(each, schema["items"])
