"""What Kubernetes' own program makes of an object: the Go type of every field.

Clients see a Go program: a field that it does not know it names, a wrong type it names by the Go type, what is empty
it leaves out unless the field is a pointer, and protobuf bodies carry the numbers of its structs. So the types are
kept as data (`data/types`, made by scripts/kube-schemas) and become `Type`s here, each when it is first needed.

A struct knows its fields by JSON name and by protobuf number. Fields of an embedded struct (`json:",inline"`) count
by name as the outer struct's own, while in protobuf the embedded struct is one field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Final

from hythe.kube.objects.schema.data import read
from hythe.kube.objects.schema.definitions import name_of
from hythe.kube.objects.types import GroupVersionKind

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_APIEXT: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
# What has its own way of being written, by the word for it here.
SPECIAL: Final = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "raw",
    "io.k8s.apimachinery.pkg.types.UID": "string",
    _META + "Time": "time",
    _META + "MicroTime": "micro-time",
    _META + "Duration": "duration",
    _META + "FieldsV1": "raw",
    _APIEXT + "JSON": "any",
    _APIEXT + "JSONSchemaPropsOrArray": "schema-or-schemas",
    _APIEXT + "JSONSchemaPropsOrBool": "schema-or-bool",
    _APIEXT + "JSONSchemaPropsOrStringArray": "schema-or-strings",
    _APIEXT + "CustomResourceSubresourceStatus": "empty",
}
_INTEGERS: Final = {"int", "int32", "int64", "uint8", "uint32", "uint64"}


@dataclass(frozen=True, slots=True)
class Type:
    """One Go type.

    `sort` is string, bool, int32, int64, float64, bytes, one of `SPECIAL`'s words, `list`, `map` or `struct`. `go` is
    how Go prints the type in errors, without a pointer's star. `item` is of lists and maps, `name` of structs.
    """

    sort: str
    go: str
    pointer: bool = False
    item: Type | None = None
    name: str = ""

    @property
    def struct(self) -> Struct:
        return struct(self.name)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct. `number` is that in protobuf, 0 where it is not known."""

    json: str
    type: Type
    number: int
    omitempty: bool
    inline: bool


@dataclass(frozen=True)
class Struct:
    """A Go struct: `go` is its bare name, as errors say it (`DeploymentSpec`)."""

    name: str
    go: str
    own: tuple[Field, ...] = field(repr=False)

    @cached_property
    def fields(self) -> dict[str, Field]:
        """By JSON name, in Go's order; those of embedded structs among them."""
        found: dict[str, Field] = {}
        for one in self.own:
            found |= one.type.struct.fields if one.inline else {one.json: one}
        return found

    @cached_property
    def numbers(self) -> dict[int, Field]:
        """By protobuf number; an embedded struct is one of them."""
        return {one.number: one for one in self.own if one.number}


@cache
def struct(name: str) -> Struct:
    """The struct of that full name (`io.k8s.api.core.v1.Pod`)."""
    own = tuple(
        Field(json, parse(text), number, "o" in flags, "i" in flags)
        for json, text, number, flags in _fields(name)
    )
    return Struct(name, name.rpartition(".")[2], own)


def _fields(name: str) -> list[tuple[str, str, int, str]]:
    found: list[tuple[str, str, int, str]] = read("types")[name]
    return found


def of_kind(gvk: GroupVersionKind) -> Struct | None:
    """The struct of a built-in kind; None for others."""
    name = name_of(gvk)
    return struct(name) if name and name in read("types") else None


@cache
def parse(text: str) -> Type:
    """The type that an expression of `data/types` means."""
    if text.startswith("*"):
        inner = parse(text[1:])
        return Type(inner.sort, inner.go, True, inner.item, inner.name)
    if text.startswith("[]"):
        item = parse(text[2:])
        return Type("list", f"[]{_starred(item)}", item=item)
    if text.startswith("map["):
        key, _, value = text[4:].partition("]")
        item = parse(value)
        return Type("map", f"map[{parse(key).go}]{_starred(item)}", item=item)
    if text == "bytes":
        return Type("bytes", "[]uint8")
    if text in _INTEGERS or text in ("string", "bool", "float64"):
        return Type(text, text)
    return _named(text)


def _named(name: str) -> Type:
    go = ".".join(name.split(".")[-2:])
    if name in SPECIAL:
        return Type(SPECIAL[name], go)
    body = read("types")[name]
    if isinstance(body, str):
        under = parse(body)
        return Type(under.sort, go, item=under.item, name=under.name)
    return Type("struct", go, name=name)


def _starred(item: Type) -> str:
    return f"*{item.go}" if item.pointer else item.go
