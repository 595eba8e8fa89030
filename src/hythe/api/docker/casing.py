"""The names of a body's fields in whatever case a client writes them, as Go's decoder takes them.

dockerd finds `detachKeys` where its type says DetachKeys, and some clients rely on it (docker-py's exec does). The
document is walked beside the type it is for; only names of Struct fields are respelled, never the keys of maps, such
as labels. Where a name comes in two spellings the right one counts.
"""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct


def respelled(value: Any, type_: Any) -> Any:
    """`value`, with every field of a Struct within `type_` named as the Struct names it."""
    if isinstance(value, list):
        item = _argument(type_, list, -1)
        return value if item is None else [respelled(each, item) for each in value]
    if not isinstance(value, dict):
        return value
    struct = _struct(type_)
    if struct is None:
        item = _argument(type_, dict, -1)
        return value if item is None else {key: respelled(each, item) for key, each in value.items()}
    names, types = _fields(struct)
    result: dict[str, Any] = {}
    for key, each in value.items():
        name = key if key in types else names.get(str(key).lower(), str(key))
        if name == key or name not in value:
            result[name] = respelled(each, types.get(name))
    return result


def _options(type_: Any) -> tuple[Any, ...]:
    """The alternatives of a union; any other type alone."""
    return get_args(type_) if get_origin(type_) in (Union, UnionType) else (type_,)


def _struct(type_: Any) -> type[Struct] | None:
    return next(
        (each for each in _options(type_) if isinstance(each, type) and issubclass(each, Struct)), None
    )


def _argument(type_: Any, origin: type, index: int) -> Any:
    """What is in a list or a map of this type; None where it is neither."""
    return next((get_args(each)[index] for each in _options(type_) if get_origin(each) is origin), None)


@cache
def _fields(struct: type[Struct]) -> tuple[dict[str, str], dict[str, Any]]:
    """(lower case -> name in JSON, name in JSON -> type)."""
    hints = get_type_hints(struct)
    pairs = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    types = {name: hints[attribute] for attribute, name in pairs}
    return {name.lower(): name for name in types}, types
