"""Go's view of values: how they print (%v), which are true, how they compare."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hythe.errors import InvalidArgument

#: A published port, which people print as it is: in Go a structure, "{0.0.0.0 8080}".
_BINDING: Final = {"HostIp", "HostPort"}
_ESCAPED: Final = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"})


class Missing:
    """What a name stands for that is not there: false, and an error when printed."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = known

    def error(self) -> InvalidArgument:
        """The error of using it."""
        names = ", ".join(sorted(self.known))
        return InvalidArgument(
            f"template: there is no field {self.name!r}", hint=f"fields here: {names}"[:2000]
        )


class Fields(dict[str, Any]):
    """A row of a list. As JSON its fields are in order and <, > and & escaped, as Go's json.Marshal has them."""


class Nil:
    """A null of the API at a place where Go has a type for it: "[]", "map[]" or "<nil>" when printed."""

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0


def text(value: Any) -> str:
    """As fmt.Sprint shows it: map[a:b], [a b], <no value>."""
    if isinstance(value, Missing):
        raise value.error()
    if isinstance(value, Nil):
        return value.shown
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Mapping):
        if value.keys() == _BINDING:
            return f"{{{value['HostIp']} {value['HostPort']}}}"
        return "map[" + " ".join(f"{key}:{_inner(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(text(item) for item in value) + "]"
    return str(value)


def _inner(value: Any) -> str:
    """An empty object in a map is a set's element (ExposedPorts, Volumes): Go's struct{}{}."""
    return "{}" if value == {} else text(value)


def truth(value: Any) -> bool:
    return False if isinstance(value, Missing) else bool(value)


def to_json(value: Any) -> str:
    """Compact, in the value's own order; of a row without the fields that are functions."""
    if isinstance(value, Missing):
        raise value.error()
    if isinstance(value, Nil):
        return "null"
    if isinstance(value, Fields):
        shown = {key: value[key] for key in sorted(value) if not callable(value[key])}
        return json.dumps(shown, separators=(",", ":"), ensure_ascii=False).translate(_ESCAPED)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def element(value: Any, key: Any) -> Any:
    """`index value key`. What a map of texts lacks is "", as Go's zero value; a list's range is checked."""
    if isinstance(value, Missing):
        raise value.error()
    if isinstance(value, Nil):
        return ""
    if isinstance(value, Mapping):
        texts = all(isinstance(item, str) for item in value.values())
        return value.get(key, "" if texts else None)
    if isinstance(value, list | tuple | str) and isinstance(key, int):
        if not 0 <= key < len(value):
            raise InvalidArgument(f"template: index {key} is out of range, there are {len(value)}")
        return value[key]
    raise InvalidArgument(f"template: cannot index {text(value)!r} by {key!r}")
