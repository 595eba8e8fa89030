"""JSONPath as Kubernetes has it, as far as printer columns and the scale subresource need it.

    .spec.replicas   .status.conditions[?(@.type=="Ready")].status   .spec.ports[*].port   .items[0]   .a['b.c']
    .spec.list[1:3]   ..name

A path gives all values that it leads to; what is missing leads to none. A leading `$` or braces around the whole are
allowed. Kept out: filters with other than one comparison, functions, several paths in a text.

Source: k8s.io/client-go, util/jsonpath; Kubernetes, "JSONPath Support".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from hythe.errors import InvalidArgument

Step = Callable[[Any], Iterator[Any]]

_NAME: Final = re.compile(r"\.?([A-Za-z0-9_\-/$]|\\.)+")
_BRACKET: Final = re.compile(r"\[((?:'[^']*'|\"[^\"]*\"|[^\]'\"])*)\]")
_FILTER: Final = re.compile(
    r"\?\(\s*@((?:\.[A-Za-z0-9_\-/]+|\['[^']+'\])+)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?))?\s*\)"
)
_SLICE: Final = re.compile(r"(-?\d*):(-?\d*)(?::(-?\d+))?")


class BadPath(InvalidArgument):
    """The text is no path, or one that is not supported here."""


def find(path: str, value: Any) -> list[Any]:
    """The values that a path leads to."""
    found: Iterable[Any] = [value]
    for step in steps(path):
        found = [each for one in found for each in step(one)]
    return list(found)


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[Step, ...]:
    """A path, read. Raises `BadPath`."""
    text = path.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    text = text.removeprefix("$")
    result, position = [], 0
    while position < len(text):
        step, position = _step(text, position)
        result.append(step)
    return tuple(result)


def _step(text: str, position: int) -> tuple[Step, int]:
    if text.startswith("..", position):
        match = _NAME.match(text, position + 1)
        if match is None:
            raise BadPath(f"unrecognized character in action: {text[position:]}")
        return _everywhere(_unescaped(match[0][1:])), match.end()
    if text.startswith((".*", "*"), position):
        return _members, position + (2 if text[position] == "." else 1)
    if text[position] == "[":
        match = _BRACKET.match(text, position)
        if match is None:
            raise BadPath("unterminated array")
        return _bracket(match[1].strip()), match.end()
    match = _NAME.match(text, position)
    if match is None:
        if text[position:] == ".":
            return _itself, len(text)
        raise BadPath(f"unrecognized character in action: U+{ord(text[position]):04X} '{text[position]}'")
    return _member(_unescaped(match[0].removeprefix("."))), match.end()


def _unescaped(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name)


def _itself(value: Any) -> Iterator[Any]:
    yield value


def _members(value: Any) -> Iterator[Any]:
    yield from value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _member(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _everywhere(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]
        for each in _members(value):
            yield from step(each)

    return step


def _bracket(inside: str) -> Step:
    if inside == "*":
        return _members
    if re.fullmatch(r"-?\d+", inside):
        return _at(int(inside))
    if re.fullmatch(r"'[^']*'|\"[^\"]*\"", inside):
        return _member(inside[1:-1])
    if match := _SLICE.fullmatch(inside):
        return _between(match)
    if match := _FILTER.fullmatch(inside):
        return _where(match)
    raise BadPath(f"invalid array index {inside}")


def _at(index: int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return step


def _between(match: re.Match[str]) -> Step:
    first, last, by = (int(part) if part else None for part in match.groups())

    def step(value: Any) -> Iterator[Any]:
        yield from value[first:last:by] if isinstance(value, list) else ()

    return step


def _where(match: re.Match[str]) -> Step:
    """Members for which a path of theirs has, or compares well with, a value."""
    path, operator, wanted = match.groups()
    known = _literal(wanted) if operator else None

    def step(value: Any) -> Iterator[Any]:
        for each in _members(value):
            found = find(path, each)
            if found and (operator is None or _compares(found[0], operator, known)):
                yield each

    return step


def _literal(text: str) -> Any:
    if re.fullmatch(r"'[^']*'|\"[^\"]*\"", text):
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        raise BadPath(f"invalid filter value {text}") from None


def _compares(found: Any, operator: str, wanted: Any) -> bool:
    if operator in ("==", "!="):
        return (found == wanted and type(found) is type(wanted)) == (operator == "==")
    numbers = all(isinstance(each, (int, float)) for each in (found, wanted))
    if not numbers and not (isinstance(found, str) and isinstance(wanted, str)):
        return False
    results: dict[str, bool] = {
        "<": found < wanted, ">": found > wanted, "<=": found <= wanted, ">=": found >= wanted
    }  # fmt: skip
    return results[operator]
