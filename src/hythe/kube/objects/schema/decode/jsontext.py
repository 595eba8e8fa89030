"""JSON text to values, with Go's complaints about bad syntax and the paths of fields that stand twice.

Python's own parser does the work. Only when it fails is the text looked at again, to say what Go would say, and only
when an object has a field twice, to say where. Of such fields the last one counts.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from hythe.kube.objects.schema.decode.failures import Undecodable
from hythe.kube.objects.schema.decode.jsonscan import syntax_error

# Go stops at 10,000; no built-in kind is deeper than 60, and Python's stack is not endless.
MAX_DEPTH: Final = 500
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)


class _Pairs(list[tuple[str, Any]]):
    """An object whose fields may stand twice."""


def loads(data: bytes) -> tuple[Any, list[str]]:
    """The value in `data`, and the paths of duplicate fields (`spec.ports[0].name`). `Undecodable` if it is no JSON."""
    text = data.decode("utf-8", errors="replace")
    if too_deep(text):
        raise Undecodable("exceeded max depth")
    twice = False

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        made = dict(found)
        twice = twice or len(made) != len(found)
        return made

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Undecodable(syntax_error(text)) from error
    return (value, duplicates(text)) if twice else (value, [])


def too_deep(text: str) -> bool:
    """Whether more than `MAX_DEPTH` brackets are open at once."""
    if text.count("{") + text.count("[") < MAX_DEPTH:
        return False
    depth = deepest = 0
    for character in _STRING.sub("", text):
        if character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest > MAX_DEPTH


def duplicates(text: str) -> list[str]:
    """Where a field stands more than once, each path once, in the order of the text."""
    found: list[str] = []
    _visit(json.loads(text, object_pairs_hook=_Pairs), "", found)
    return list(dict.fromkeys(found))


def _visit(value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, one in value:
            here = f"{path}.{key}" if path else key
            if key in seen:
                found.append(here)
            seen.add(key)
            _visit(one, here, found)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            _visit(one, f"{path}[{index}]", found)


def _no_constant(name: str) -> Any:
    raise ValueError(name)
