"""Names of fields in a set: `f:NAME` a field, `k:{...}` a list's member by key, `v:VALUE` one by value, `i:N` by place.

How they are shown is what conflicts say: `.spec.template.spec.containers[name="web"].image`.

Source: structured-merge-diff, fieldpath/serialize-pe.go and path.go.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from hythe.kube.objects.shape import Shape


class Unnamed(Exception):
    """A list's member has no name; the text says why, as Kubernetes does."""


text: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
"""Compact JSON with sorted keys."""


def of_member(shape: Shape, member: Any) -> str:
    """The path element of a member of a list that is a set or a map. Raises `Unnamed`."""
    if not shape.keys:
        if isinstance(member, dict):
            raise Unnamed("associative list without keys has an element that's a map type")
        if isinstance(member, list):
            raise Unnamed("not supported: associative list with lists as elements")
        if member is None:
            raise Unnamed("associative list without keys has an element that's an explicit null")
        return "v:" + text(member)
    if not isinstance(member, dict):
        kind = "a null element" if member is None else "non-map elements"
        raise Unnamed(f"associative list with keys may not have {kind}")
    if len(shape.keys) == 1 and isinstance(value := member.get(shape.keys[0]), str):
        return _of_name(shape.keys[0], value)
    return "k:" + text(_key(shape, member))


@lru_cache(maxsize=4096)
def _of_name(key: str, value: str) -> str:
    """Of a member that is known by one text: nearly all are, and the same ones come again and again."""
    return "k:" + text({key: value})


def _key(shape: Shape, member: Mapping[str, Any]) -> dict[str, Any]:
    assert shape.element is not None  # computing it has filled in the defaults
    found = {name: member[name] for name in shape.keys if name in member}
    if len(found) < len(shape.keys):
        found |= {name: value for name, value in shape.defaults.items() if name not in found}
    if not found:
        named = " ".join(f'"{name}"' for name in shape.keys)
        raise Unnamed(
            f"associative list with keys has an element that omits all key fields [{named}] (and doesn't have "
            "default values for any key fields)"
        )
    return found


def shown(element: str) -> str:
    """One path element as messages have it: `.name`, `[name="web"]`, `[="x"]`, `[0]`."""
    kind, _, rest = element.partition(":")
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        pairs = ",".join(f"{key}={text(value)}" for key, value in sorted(json.loads(rest).items()))
        return f"[{pairs}]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"


def show(path: Iterable[str]) -> str:
    """A whole path."""
    return "".join(shown(element) for element in path)


def is_element(element: str) -> bool:
    """Whether a key of a `fieldsV1` is one; "." is not."""
    kind, colon, rest = element.partition(":")
    if not colon or kind not in "fkvi" or len(kind) != 1:
        return False
    if kind in "kv":
        try:
            found = json.loads(rest)
        except ValueError:
            return False
        return kind == "v" or (isinstance(found, dict) and bool(found))
    return kind == "f" or rest.removeprefix("-").isdigit()
