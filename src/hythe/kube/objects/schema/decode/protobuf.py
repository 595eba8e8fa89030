"""Bodies in Kubernetes' protobuf: an envelope around one message, whose fields are numbered as in Go's struct tags.

kubectl sends so what it creates by itself (from 1.32 on), Go clients much more; nothing is ever answered so. The bytes
are `k8s\\0`, then the message Unknown {1: TypeMeta {1: apiVersion, 2: kind}, 2: raw, 3: content encoding,
4: content type}, and `raw` is the kind's own message. Here the message becomes the JSON values that the same client
would have sent: Go writes the zero value of every field that is no pointer, and `typed` drops those again.

Fields of unknown number are skipped, as protobuf has it. Kept out: groups, which proto3 does not have, and kinds whose
numbers are not known, which are refused by name.
"""

from __future__ import annotations

import base64
import json
import struct as binary
from collections.abc import Callable, Iterator
from typing import Any, Final

from hythe.kube.objects.schema.decode import times
from hythe.kube.objects.schema.decode.failures import Undecodable
from hythe.kube.objects.schema.decode.typed import SCHEMA
from hythe.kube.objects.schema.decode.wire import Wire, fields, varint
from hythe.kube.objects.schema.gotypes import Field, Struct, Type, struct
from hythe.kube.objects.types import GroupVersionKind, Object

MAGIC: Final = b"k8s\x00"
_MAX_DEPTH: Final = 100


def envelope(data: bytes) -> tuple[GroupVersionKind, bytes, str]:
    """The kind that a body says it is, its message, and the content type of that message (empty for protobuf)."""
    if not data.startswith(MAGIC):
        raise Undecodable(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    found = dict(fields(data[len(MAGIC) :]))
    said = dict(fields(_bytes(found.get(1, b""))))
    api_version, kind = _text(said.get(1, b"")), _text(said.get(2, b""))
    if _text(found.get(3, b"")):
        raise Undecodable(f"unable to decode protobuf data with content encoding {_text(found[3])}")
    return GroupVersionKind.parse(api_version, kind), _bytes(found.get(2, b"")), _text(found.get(4, b""))


def message(data: bytes, kind: Struct) -> Object:
    """The JSON values of a kind's message."""
    if not kind.numbers:
        raise Undecodable(f"{kind.go} is not read from protobuf: send JSON")
    return _message(data, kind, 0)


def _message(data: bytes, kind: Struct, depth: int) -> Object:
    if depth > _MAX_DEPTH:
        raise Undecodable("proto: message is nested too deep")
    made: Object = {}
    for number, value in fields(data):
        field = kind.numbers.get(number)
        if field is not None:
            _take(made, field, value, depth + 1)
    return made


def _take(made: Object, field: Field, value: Wire, depth: int) -> None:
    kind = field.type
    if field.inline:
        made |= _message(_bytes(value), kind.struct, depth)
    elif kind.sort == "list":
        assert kind.item
        made.setdefault(field.json, []).extend(_elements(value, kind.item, depth))
    elif kind.sort == "map":
        key, one = _entry(_bytes(value), kind, depth)
        made.setdefault(field.json, {})[key] = one
    else:
        made[field.json] = _value(value, kind, depth)


def _elements(value: Wire, item: Type, depth: int) -> Iterator[Any]:
    """One element, or several numbers packed into one field."""
    if isinstance(value, bytes) and item.sort in _VARINTS:
        at = 0
        while at < len(value):
            number, at = varint(value, at)
            yield _value(number, item, depth)
    else:
        yield _value(value, item, depth)


def _entry(data: bytes, kind: Type, depth: int) -> tuple[str, Any]:
    assert kind.item
    found = dict(fields(data))
    item = kind.item
    if item.sort == "list":
        # A list within a map is a message of its own: {1: repeated items} (ExtraValue).
        assert item.item
        elements = [
            _value(one, item.item, depth) for number, one in fields(_bytes(found.get(2, b""))) if number == 1
        ]
        return _text(found.get(1, b"")), elements
    empty: Wire = 0 if item.sort in _VARINTS else b""
    return _text(found.get(1, b"")), _value(found.get(2, empty), item, depth)


def _value(value: Wire, kind: Type, depth: int) -> Any:
    if kind.sort == "struct":
        return _message(_bytes(value), kind.struct, depth)
    if kind.sort in _SCHEMAS:
        return _schema_or(value, _SCHEMAS[kind.sort], depth)
    return _SORTS[kind.sort](value)


# --- values with a form of their own


def _schema_or(value: Wire, number: int, depth: int) -> Any:
    """A JSON schema, or what may stand in its place: a list of them, a boolean, names of properties."""
    schema = struct(SCHEMA)
    found: list[tuple[int, Wire]] = list(fields(_bytes(value)))
    if number == _ALLOWS:
        held = dict(found)
        if 2 in held:
            return _message(_bytes(held[2]), schema, depth)
        return bool(_signed(held.get(_ALLOWS, 0)))
    for key, one in found:
        if key == 1:
            return _message(_bytes(one), schema, depth)
    items = [_bytes(one) for key, one in found if key == 2]
    return (
        [_text(one) for one in items]
        if number == _STRINGS
        else [_message(one, schema, depth) for one in items]
    )


def _signed(value: Wire) -> int:
    if not isinstance(value, int):
        raise Undecodable("proto: wrong wireType for a number")
    return value - (1 << 64) if value >= 1 << 63 else value


def _signed32(value: Wire) -> int:
    low = _signed(value) & 0xFFFFFFFF
    return low - (1 << 32) if low >= 1 << 31 else low


def _bytes(value: Wire) -> bytes:
    if not isinstance(value, bytes):
        raise Undecodable("proto: wrong wireType for bytes")
    return value


def _text(value: Wire) -> str:
    return _bytes(value).decode("utf-8", errors="replace")


def _base64(value: Wire) -> str:
    return base64.b64encode(_bytes(value)).decode()


def _double(value: Wire) -> float:
    raw = value.to_bytes(8, "little") if isinstance(value, int) else value
    number: float = binary.unpack("<d", raw)[0]
    return int(number) if number.is_integer() else number


def _quantity(value: Wire) -> str:
    return _text(dict(fields(_bytes(value))).get(1, b""))


def _int_or_string(value: Wire) -> int | str:
    found = dict(fields(_bytes(value)))
    return _text(found.get(3, b"")) if found.get(1) else _signed32(found.get(2, 0))


def _time(value: Wire) -> str | None:
    found = dict(fields(_bytes(value)))
    return times.from_unix(_signed(found.get(1, 0)), _signed32(found.get(2, 0))) or None


def _micro_time(value: Wire) -> str | None:
    found = dict(fields(_bytes(value)))
    return times.from_unix(_signed(found.get(1, 0)), _signed32(found.get(2, 0)), micro=True) or None


def _duration(value: Wire) -> str:
    nanos = _signed(dict(fields(_bytes(value))).get(1, 0))
    return f"{nanos / 1e9:g}s"


def _raw(value: Wire) -> Any:
    text = _bytes(dict(fields(_bytes(value))).get(1, b""))
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise Undecodable(f"invalid JSON in a raw field: {error}") from error


_ALLOWS, _SCHEMAS_LISTED, _STRINGS = 1, 2, 3
_SCHEMAS: Final = {
    "schema-or-bool": _ALLOWS,
    "schema-or-schemas": _SCHEMAS_LISTED,
    "schema-or-strings": _STRINGS,
}
_VARINTS: Final = {"bool", "int", "int32", "int64", "uint8", "uint32", "uint64"}
_SORTS: Final[dict[str, Callable[[Wire], Any]]] = {
    "string": _text,
    "bool": lambda value: bool(_signed(value)),
    "int32": _signed32,
    **dict.fromkeys(("int", "int64", "uint8", "uint32", "uint64"), _signed),
    "float64": _double,
    "bytes": _base64,
    "quantity": _quantity,
    "int-or-string": _int_or_string,
    "time": _time,
    "micro-time": _micro_time,
    "duration": _duration,
    "raw": _raw,
    "any": _raw,
    "empty": lambda value: {},
}
