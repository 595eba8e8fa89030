"""The types that a schema gives to values, for checking an expression before it is ever evaluated.

A type is a name, or has parts: of a list its members', of a map its keys' and values', of an object its schema with
the properties. `dyn` is anything. With each list, map and text comes the most that it can hold, which is what an
expression over it may cost: what the schema says, or what fits into the largest request.

Source: apiserver, pkg/cel/common/schemas.go; the estimates of size in pkg/cel/types.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hythe.kube.objects.types import Object

_REQUEST: Final = 3 * 1024 * 1024
_SMALLEST: Final = {
    "string": 2,
    "bytes": 2,
    "int": 1,
    "double": 1,
    "bool": 4,
    "dyn": 1,
    "list": 2,
    "map": 2,
    "object": 2,
}
FORMATS: Final = {
    "byte": "bytes", "duration": "google.protobuf.Duration", "date": "google.protobuf.Timestamp",
    "date-time": "google.protobuf.Timestamp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """`most`: the largest count of members or characters."""

    name: str
    element: Type | None = None
    fields: dict[str, Type] = field(default_factory=dict)
    most: int = 0

    def __str__(self) -> str:
        if self.name == "list":
            return f"list({self.element})"
        return f"map(string, {self.element})" if self.name == "map" else self.name


DYN: Final = Type("dyn")
BOOL: Final = Type("bool")
INT: Final = Type("int")
TEXT: Final = Type("string", most=_REQUEST)


def plain(name: str) -> Type:
    """A type without parts."""
    return Type(name, most=_REQUEST if name in ("string", "bytes") else 0)


def list_of(element: Type, most: int = 0) -> Type:
    """A list; without `most`, as long as fits."""
    return Type("list", element, most=most or _fits(element))


def _fits(element: Type) -> int:
    return (_REQUEST - 2) // (_SMALLEST.get(element.name, 1) + 1)


def of_schema(schema: Object, *, root: bool = False) -> Type:
    """The type of the values that a structural schema takes; `root`: those of whole objects."""
    if schema.get("x-kubernetes-int-or-string"):
        return DYN
    kind = schema.get("type")
    if root or schema.get("x-kubernetes-embedded-resource"):
        return _object(schema, _META)
    if kind == "object":
        return _map_or_object(schema)
    if kind == "array":
        element = of_schema(schema.get("items") or {})
        return Type("list", element, most=int(schema.get("maxItems", _fits(element))))
    if kind == "string":
        name = FORMATS.get(str(schema.get("format", "")), "string")
        longest = max((len(str(each)) for each in schema.get("enum", ())), default=_REQUEST)
        return Type(name, most=int(schema.get("maxLength", longest)))
    return {"integer": INT, "number": Type("double"), "boolean": BOOL}.get(str(kind), DYN)


def _map_or_object(schema: Object) -> Type:
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        element = of_schema(more)
        return Type("map", element, most=int(schema.get("maxProperties", _fits(element) // 2)))
    if schema.get("x-kubernetes-preserve-unknown-fields") and not schema.get("properties"):
        return DYN
    return _object(schema, {})


def _object(schema: Object, more: dict[str, Type]) -> Type:
    known = {name: of_schema(each) for name, each in schema.get("properties", {}).items()}
    if not more:
        return Type("object", fields=known)
    given = {name: kind for name, kind in known.items() if name not in more}
    return Type("object", fields={**given, **more})


_NAMES: Final = {"name": TEXT, "generateName": TEXT}
_META: Final[dict[str, Type]] = {"apiVersion": TEXT, "kind": TEXT, "metadata": Type("object", fields=_NAMES)}
