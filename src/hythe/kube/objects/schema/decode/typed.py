"""JSON values to the object that Kubernetes would store: Go's types applied, field by field.

Upstream an object passes through Go structs, and it shows: a value of the wrong type is refused by the struct and the
type, an unknown field is noticed and dropped, null is no value, what is empty and has `omitempty` is left out unless
the field is a pointer, a struct that is no pointer is always there (`status: {}`), a scalar without `omitempty` too
(`name: ""`). Quantities, times and base64 are written in their canonical form.

The walk raises at the first wrong value and gathers the unknown fields. It makes a new object and leaves the one
given as it was; only values without a type of their own (CRD schemas, revisions' data) are shared with it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from hythe.kube.objects import quantity
from hythe.kube.objects.schema.decode import times
from hythe.kube.objects.schema.decode.failures import Undecodable
from hythe.kube.objects.schema.gotypes import Field, Struct, Type
from hythe.kube.objects.types import Object

_RANGE: Final = {
    "int": (-(2**63), 2**63 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint8": (0, 2**8 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
_ZERO: Final[dict[str, Any]] = {
    "string": "",
    "bool": False,
    "float64": 0,
    "quantity": "0",
    **dict.fromkeys(_RANGE, 0),
}
_MAX_UNKNOWN: Final = 100
SCHEMA: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"


class Typed(NamedTuple):
    """An object in its canonical form, and what was wrong but could be dropped (`unknown field "spec.foo"`)."""

    object: Object
    problems: list[str]


def apply(value: Any, struct: Struct) -> Typed:
    """`value` as the Go struct holds it; `Undecodable` with Go's message where a type is wrong."""
    walk = _Walk()
    made = walk.struct(value, Type("struct", f"v1.{struct.go}", name=struct.name), struct)
    return Typed(made, list(dict.fromkeys(walk.unknown)))


def zero(struct: Struct) -> Object:
    """What is there of a struct in which nothing is set."""
    return {name: _zero_value(field) for name, field in struct.fields.items() if _always(field)}


def _always(field: Field) -> bool:
    """Whether a field is there even when nobody set it."""
    if field.type.pointer:
        return False
    if field.type.sort in ("struct", "int-or-string"):
        return True
    return not field.omitempty and field.type.sort in _ZERO


def _zero_value(field: Field) -> Any:
    if field.type.sort == "struct":
        return zero(field.type.struct)
    return _ZERO.get(field.type.sort, 0)


class _Walk:
    def __init__(self) -> None:
        self.unknown: list[str] = []
        self.path: list[str] = []  # as strict decoding names a place: ".spec", ".containers", "[0]"
        self.names: list[str] = []  # as type errors do: the fields of structs alone
        self.within = ""  # the Go name of the struct whose field is looked at

    # --- what holds others

    def struct(self, value: Any, kind: Type, struct: Struct) -> Object:
        if value is None:
            return zero(struct)
        if not isinstance(value, dict):
            raise self._mismatch(value, kind.go)
        fields, found, outer = struct.fields, {}, self.within
        for key, one in value.items():
            field = fields.get(key)
            if field is None:
                self._unknown(key)
                continue
            self.path.append(f".{key}")
            self.names.append(key)
            self.within = struct.go
            found[key] = self.value(one, field.type)
            self.path.pop()
            self.names.pop()
        self.within = outer
        return self._settled(found, fields)

    @staticmethod
    def _settled(found: Object, fields: dict[str, Field]) -> Object:
        """The fields that Go would write, in its order."""
        made: Object = {}
        for key, field in fields.items():
            value = found.get(key)
            if value is None:
                if _always(field):
                    made[key] = _zero_value(field)
            elif (
                value
                or not field.omitempty
                or field.type.pointer
                or field.type.sort in ("struct", "int-or-string", "raw")
            ):
                made[key] = value
        return made

    def _unknown(self, key: str) -> None:
        if len(self.unknown) < _MAX_UNKNOWN:
            path = f"{''.join(self.path)}.{key}".removeprefix(".")
            self.unknown.append(f'unknown field "{path}"')

    def value(self, value: Any, kind: Type) -> Any:
        if kind.sort == "struct":
            return None if value is None and kind.pointer else self.struct(value, kind, kind.struct)
        if value is None:
            return None
        if kind.sort == "list":
            return self._list(value, kind)
        if kind.sort == "map":
            return self._map(value, kind)
        return _SCALARS[kind.sort](self, value, kind)

    def _item(self, value: Any, kind: Type) -> Any:
        """An element of a list or map, where null is Go's zero value."""
        made = self.value(value, kind)
        return _ZERO.get(kind.sort) if made is None and not kind.pointer else made

    def _list(self, value: Any, kind: Type) -> list[Any]:
        assert kind.item
        if not isinstance(value, list):
            raise self._mismatch(value, kind.go)
        made = []
        for index, one in enumerate(value):
            self.path.append(f"[{index}]")
            made.append(self._item(one, kind.item))
            self.path.pop()
        return made

    def _map(self, value: Any, kind: Type) -> Object:
        assert kind.item
        if not isinstance(value, dict):
            raise self._mismatch(value, kind.go)
        made: Object = {}
        for key, one in value.items():
            self.path.append(f".{key}")
            item = self._item(one, kind.item)
            if item is not None or kind.item.sort == "bytes":
                made[key] = "" if item is None else item
            self.path.pop()
        return made

    # --- what is a value by itself

    def _string(self, value: Any, kind: Type) -> str:
        if not isinstance(value, str):
            raise self._mismatch(value, kind.go)
        return value

    def _bool(self, value: Any, kind: Type) -> bool:
        if not isinstance(value, bool):
            raise self._mismatch(value, kind.go)
        return value

    def _integer(self, value: Any, kind: Type) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._mismatch(value, kind.go)
        least, most = _RANGE[kind.sort]
        if isinstance(value, float) or not least <= value <= most:
            raise self._mismatch(value, kind.go, exact=True)
        return value

    def _float(self, value: Any, kind: Type) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._mismatch(value, kind.go)
        return value

    def _bytes(self, value: Any, kind: Type) -> str:
        if not isinstance(value, str):
            raise self._mismatch(value, kind.go)
        text = value.replace("\n", "").replace("\r", "")
        try:
            return base64.b64encode(binascii.a2b_base64(text, strict_mode=True)).decode() if text else ""
        except (binascii.Error, ValueError) as error:
            raise Undecodable(f"illegal base64 data at input byte {_corrupt_at(value)}") from error

    def _quantity(self, value: Any, kind: Type) -> str:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise Undecodable(quantity.WRONG_SHAPE)
        try:
            return quantity.canonical(value.strip() if isinstance(value, str) else value)
        except quantity.InvalidQuantity as error:
            raise Undecodable(error.message) from error

    def _int_or_string(self, value: Any, kind: Type) -> int | str:
        return value if isinstance(value, str) else self._integer(value, Type("int32", "int32"))

    def _time(self, value: Any, kind: Type) -> str:
        if not isinstance(value, str):
            raise self._mismatch(value, "string")
        return times.canonical(value, micro=kind.sort == "micro-time")

    def _untyped(self, value: Any, kind: Type) -> Any:
        return value

    def _schema_or(self, value: Any, kind: Type) -> Any:
        """A JSON schema or what may stand in its place. Go reads it apart, and says nothing of unknown fields in it."""
        known = len(self.unknown)
        schema = Type("struct", "v1.JSONSchemaProps", name=SCHEMA)
        if isinstance(value, list):
            made: Any = [self.value(one, schema) if isinstance(one, dict) else one for one in value]
        else:
            made = self.value(value, schema) if isinstance(value, dict) else value
        del self.unknown[known:]
        return made

    def _mismatch(self, value: Any, go: str, *, exact: bool = False) -> Undecodable:
        """Go's UnmarshalTypeError; with `exact`, the number itself is told."""
        said = f"{json_name(value)} {value}" if exact else json_name(value)
        where = f"Go struct field {self.within}.{'.'.join(self.names)}" if self.names else "Go value"
        return Undecodable(f"json: cannot unmarshal {said} into {where} of type {go}")


_SCALARS: Final[dict[str, Callable[[_Walk, Any, Type], Any]]] = {
    "string": _Walk._string,
    "bool": _Walk._bool,
    "float64": _Walk._float,
    "bytes": _Walk._bytes,
    "quantity": _Walk._quantity,
    "int-or-string": _Walk._int_or_string,
    "time": _Walk._time,
    "micro-time": _Walk._time,
    "duration": _Walk._string,
    **dict.fromkeys(("raw", "any", "empty"), _Walk._untyped),
    **dict.fromkeys(("schema-or-schemas", "schema-or-bool", "schema-or-strings"), _Walk._schema_or),
    **dict.fromkeys(_RANGE, _Walk._integer),
}


def json_name(value: Any) -> str:
    """What Go calls a JSON value in errors."""
    if isinstance(value, bool):
        return "bool"
    return {dict: "object", list: "array", str: "string", int: "number", float: "number"}.get(
        type(value), "null"
    )


def _corrupt_at(text: str) -> int:
    """The place that Go complains about: the first foreign character, or the end of what is too short."""
    match = re.search(r"[^A-Za-z0-9+/\r\n]", text)
    if not match:
        return len(text) // 4 * 4
    padding = match[0] == "=" and re.fullmatch(r"={1,2}[\r\n]*", text[match.start() :])
    return len(text) if padding else match.start()
