"""Go's view of values: how they print (%v), which are true, how they compare."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hythe.errors import InvalidArgument


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


def text(value: Any) -> str:
    """As fmt.Sprint shows it: map[a:b], [a b], <no value>."""
    if isinstance(value, Missing):
        raise value.error()
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(text(item) for item in value) + "]"
    return str(value)


def truth(value: Any) -> bool:
    return False if isinstance(value, Missing) else bool(value)


def to_json(value: Any) -> str:
    """Compact, in the value's own order; functions among a row's fields are left out."""
    if isinstance(value, Missing):
        raise value.error()
    if isinstance(value, Mapping):
        value = {key: item for key, item in value.items() if not callable(item)}
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def element(value: Any, key: Any) -> Any:
    """`index value key`. What a map of texts lacks is "", as Go's zero value; a list's range is checked."""
    if isinstance(value, Missing):
        raise value.error()
    if isinstance(value, Mapping):
        texts = all(isinstance(item, str) for item in value.values())
        return value.get(key, "" if texts else None)
    if isinstance(value, list | tuple | str) and isinstance(key, int):
        if not 0 <= key < len(value):
            raise InvalidArgument(f"template: index {key} is out of range, there are {len(value)}")
        return value[key]
    raise InvalidArgument(f"template: cannot index {text(value)!r} by {key!r}")
