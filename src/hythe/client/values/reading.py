"""Reading fields out of the API's objects, where an absent field, null and an empty one mean the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

Json = dict[str, Any]

_NEVER: Final = "0001-01-01"


def moment(text: str | None) -> datetime | None:
    """RFC 3339 as an aware datetime, to the microsecond; Go's zero time and nothing are None."""
    if not text or text.startswith(_NEVER):
        return None
    return datetime.fromisoformat(text)


def texts(values: Iterable[Any] | None) -> tuple[str, ...]:
    """A list of strings."""
    return tuple(map(str, values or ()))


def strings(values: Json | None) -> dict[str, str]:
    """An object of strings, labels for one."""
    return {name: str(value) for name, value in (values or {}).items()}


def pairs(values: Iterable[str] | None) -> dict[str, str]:
    """["NAME=value"] as a dictionary."""
    return {name: value for name, _, value in (each.partition("=") for each in values or ())}


def below(value: Json, *path: str) -> Any:
    """What stands at a path of names, None where the path ends early."""
    found: Any = value
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found
