"""Reading scalars, lists and pairs of a document that the schema has passed.

The functions take None, or an empty value, for what is not there, and give None or an empty collection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hythe.base.units import parse_duration, parse_size
from hythe.compose.document import Items, Scalar, Table, Value, is_null
from hythe.compose.schema.shapes import BOOLEANS
from hythe.errors import InvalidArgument

T = TypeVar("T")


def word(value: Value | None) -> str | None:
    """A scalar as text; booleans are "true" and "false", numbers as they were written."""
    if not isinstance(value, Scalar) or value.value is None:
        return None
    return str(value.value).lower() if isinstance(value.value, bool) else value.text


def name(value: Value | None) -> str:
    """A scalar as text, "" for nothing."""
    return word(value) or ""


def flag(value: Value | None) -> bool | None:
    if not isinstance(value, Scalar) or value.value is None:
        return None
    return BOOLEANS[str(value.value).lower()]


def whole(value: Value | None) -> int | None:
    if not isinstance(value, Scalar) or value.value is None:
        return None
    return int(float(value.value)) if not isinstance(value.value, int) else value.value


def real(value: Value | None) -> float | None:
    if not isinstance(value, Scalar) or value.value is None:
        return None
    return float(value.value)


def size(value: Value | None) -> int | None:
    """Bytes; -1 stays."""
    text = word(value)
    if text is None:
        return None
    return -1 if text.strip() == "-1" else parse_size(text)


def duration(value: Value | None) -> int | None:
    """Nanoseconds."""
    text = word(value)
    return None if text is None else parse_duration(text)


def mode(value: Value | None) -> int | None:
    """Permission bits: 0440 and "0440" are octal, as they look; 0o440 too."""
    text = word(value)
    if text is None or value is None:
        return None
    try:
        bits = int(text.removeprefix("0o"), 8)
    except ValueError as error:
        raise value.place.problem(f"{text!r} is not an octal mode", hint="such as 0440") from error
    if not 0 <= bits <= 0o7777:
        raise value.place.problem(f"{text!r} is not a mode", hint="such as 0440")
    return bits


def texts(value: Value | None) -> tuple[str, ...]:
    """A list of strings, or a single one."""
    if value is None or is_null(value):
        return ()
    if isinstance(value, Items):
        return tuple(name(item) for item in value.items)
    return (name(value),)


def pairs(value: Value | None) -> dict[str, str | None]:
    """A mapping, or a list of NAME=value; None where a name has no value."""
    if value is None or is_null(value):
        return {}
    if isinstance(value, Table):
        return {key: word(item) for key, item in value.entries.items()}
    result: dict[str, str | None] = {}
    if isinstance(value, Items):
        for item in value.items:
            key, equals, text = name(item).partition("=")
            if not key:
                raise item.place.problem(f"{name(item)!r} has no name", hint="write NAME=value")
            result[key] = text if equals else None
    return result


def settings(value: Value | None) -> dict[str, str]:
    """As `pairs`, with "" where there is no value."""
    return {key: text or "" for key, text in pairs(value).items()}


def table(value: Value | None) -> Table:
    """A mapping; an empty one for nothing."""
    return value if isinstance(value, Table) else Table({})


def items(value: Value | None) -> tuple[Value, ...]:
    return value.items if isinstance(value, Items) else ()


def at(value: Value, parse: Callable[[str], T], text: str | None = None) -> T:
    """`parse` of a scalar's text; an InvalidArgument of it is raised with the place."""
    try:
        return parse(name(value) if text is None else text)
    except InvalidArgument as error:
        raise value.place.problem(error.message, hint=error.hint) from error
