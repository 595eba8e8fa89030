"""The structure of a kind as patches and field ownership need it: what is merged member by member, what is one value.

A `Shape` is made of an OpenAPI schema with Kubernetes' extensions, built-in or of a CustomResourceDefinition:

    scalar   a number, a text, a truth
    map      fields with shapes of their own, `element` for the others; `atomic` ones are one value
    list     atomic (one value), a set (members are their own names), or a map by `keys` of its members
    any      nothing is known: a map is merged by key, a list is one value

Beside it each field says how strategic merge patches treat it (`strategies`, `merge_key`), and whether Go's own
object always has it (`always`): an empty struct that is no pointer is there from the beginning, so that nobody comes
to own its coming.

Shapes are computed when they are first looked into and then kept; they are shared and never change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, Literal

from hythe.kube.objects.schema import definitions, gotypes
from hythe.kube.objects.types import GroupVersionKind, Object

Sort = Literal["scalar", "map", "list", "any"]
Resolve = Callable[[Object], tuple[str, Object]]

# What a reference may say differently than what it refers to.
_TYPES_OF_REFERENCES: Final = (
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
)
# The members of some lists are told apart by a field that may be left out: its default, by the name of the field.
_KEY_DEFAULTS: Final = {"protocol": "TCP"}


class Shape:
    """One node of the structure. `element` is the shape of a list's members, or of a map's undeclared ones."""

    __slots__ = (
        "atomic",
        "defaults",
        "element",
        "fields",
        "keys",
        "resolve",
        "schema",
        "sort",
        "struct",
        "type",
    )

    sort: Sort
    type: str
    atomic: bool
    keys: tuple[str, ...]
    defaults: Mapping[str, Any]
    fields: Mapping[str, Field]
    element: Shape | None

    def __init__(self, schema: Object, resolve: Resolve, struct: str = "") -> None:
        self.schema, self.resolve, self.struct = schema, resolve, struct
        self.type = str(schema.get("type", ""))
        self.sort = _sort(schema)
        self.keys = ()
        self.defaults = {}
        self.atomic = self.sort == "map" and schema.get("x-kubernetes-map-type") == "atomic"
        if self.sort == "list":
            self._list()

    def _list(self) -> None:
        said = self.schema.get("x-kubernetes-list-type")
        merged = "merge" in str(self.schema.get("x-kubernetes-patch-strategy", "")).split(",")
        key = self.schema.get("x-kubernetes-patch-merge-key")
        if said == "map":
            self.keys = tuple(self.schema.get("x-kubernetes-list-map-keys", ()))
        elif said is None and merged and key:
            self.keys = (str(key),)
        self.atomic = said == "atomic" or (said is None and not merged)

    def __getattr__(self, name: str) -> Any:
        """`fields`, `element`: computed at the first look; afterwards they are found without coming here."""
        if name == "fields":
            self.fields = self._fields()
            return self.fields
        if name == "element":
            self.element = self._element()
            if self.keys and self.element is not None:
                self.defaults = _defaults(self.keys, self.element)
            return self.element
        raise AttributeError(name)

    def _fields(self) -> dict[str, Field]:
        always = _always(self.struct)
        return {
            name: Field(self._child(schema), schema, name in always)
            for name, schema in self.schema.get("properties", {}).items()
        }

    def _element(self) -> Shape | None:
        if self.sort == "list":
            return self._child(self.schema.get("items", {}))
        if self.sort == "any" or self.schema.get("x-kubernetes-preserve-unknown-fields"):
            return ANY
        more = self.schema.get("additionalProperties")
        if isinstance(more, dict):
            return self._child(more)
        return ANY if more or not self.schema.get("properties") else None

    def _child(self, schema: Object) -> Shape:
        name, found = self.resolve(schema)
        if not name:
            return Shape(found, self.resolve)
        over = {key: value for key, value in schema.items() if key in _TYPES_OF_REFERENCES}
        return Shape({**found, **over}, self.resolve, name) if over else _builtin(name)


class Field:
    """A declared field: its shape, and what is said where it is declared."""

    __slots__ = ("always", "merge_key", "shape", "strategies")

    def __init__(self, shape: Shape, schema: Object, always: bool) -> None:
        self.shape = shape
        self.always = always
        self.strategies = frozenset(str(schema.get("x-kubernetes-patch-strategy", "")).split(",")) - {""}
        self.merge_key = str(schema.get("x-kubernetes-patch-merge-key", ""))


def _sort(schema: Object) -> Sort:
    if (
        schema.get("x-kubernetes-int-or-string")
        or schema.get("format") == "int-or-string"
        or "oneOf" in schema
    ):
        return "scalar"
    kind = schema.get("type")
    if kind == "object":
        return "map"
    if kind == "array":
        return "list"
    return "scalar" if kind else "any"


def _defaults(keys: tuple[str, ...], element: Shape) -> dict[str, Any]:
    """Of the fields that tell members apart, the values of those that are left out."""
    found = {}
    for key in keys:
        schema = element.schema.get("properties", {}).get(key, {})
        if "default" in schema:
            found[key] = schema["default"]
        elif element.struct and key in _KEY_DEFAULTS:
            found[key] = _KEY_DEFAULTS[key]
    return found


def _always(struct: str) -> frozenset[str]:
    """The fields that Go's object has even where nothing was said."""
    try:
        fields = gotypes.struct(struct).fields if struct else {}
    except (KeyError, AttributeError):
        return frozenset()
    return frozenset(
        name
        for name, field in fields.items()
        if not field.omitempty or (field.type.sort == "struct" and not field.type.pointer)
    )


def _resolve(schema: Object) -> tuple[str, Object]:
    """The built-in name and schema that a schema refers to; itself and no name if it refers to none."""
    ref = schema.get("$ref")
    if ref is None and len(schema.get("allOf", ())) == 1:
        ref = schema["allOf"][0].get("$ref")  # a reference with more said beside it
    if ref is None:
        return "", schema
    name = str(ref).removeprefix(definitions.REF)
    return name, definitions.definition(name)


@cache
def _builtin(name: str) -> Shape:
    return Shape(definitions.definition(name), _resolve, name)


@cache
def of_kind(gvk: GroupVersionKind) -> Shape | None:
    """The shape of a built-in kind; None for others."""
    name = definitions.name_of(gvk)
    return _builtin(name) if name else None


def of_schema(schema: Object) -> Shape:
    """The shape of a structural schema, whose `$ref`s (metadata) lead to built-in definitions."""
    return Shape(schema, _resolve)


ANY: Final = Shape({}, _resolve)
