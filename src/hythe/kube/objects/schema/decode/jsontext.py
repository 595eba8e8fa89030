"""JSON text to values, with Go's complaints about bad syntax and the paths of fields that stand twice.

Python's own parser does the work. Only when it fails is the text looked at again, to say what Go would say, and only
when an object has a field twice, to say where. Of such fields the last one counts.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from hythe.kube.objects.schema.decode.failures import Undecodable

MAX_DEPTH: Final = (
    500  # Go stops at 10,000; no built-in kind is deeper than 60, and Python's stack is not endless.
)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)
_SPACE: Final = " \t\r\n"
_ESCAPES: Final = '"\\/bfnrtu'


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


def syntax_error(text: str) -> str:
    """What Go's encoding/json says of text that is no JSON."""
    try:
        scan = _Scan(text)
        scan.value()
        scan.end()
    except Undecodable as error:
        return error.message
    except RecursionError:
        return "exceeded max depth"
    return "invalid JSON"


class _Scan:
    """Reads JSON as Go's scanner does, for the message of the first mistake."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def _peek(self) -> str:
        if self.at >= len(self.text):
            raise Undecodable("unexpected end of JSON input")
        return self.text[self.at]

    def _fail(self, where: str) -> Undecodable:
        return Undecodable(f"invalid character {_quoted(self._peek())} {where}")

    def _space(self) -> str:
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1
        return self._peek()

    def end(self) -> None:
        while self.at < len(self.text):
            if self.text[self.at] not in _SPACE:
                raise self._fail("after top-level value")
            self.at += 1

    def value(self) -> None:
        first = self._space()
        if first == "{":
            self._object()
        elif first == "[":
            self._array()
        elif first == '"':
            self._string()
        elif first == "-" or first.isdigit():
            self._number()
        elif first in "tfn":
            self._literal({"t": "true", "f": "false", "n": "null"}[first])
        else:
            raise self._fail("looking for beginning of value")

    def _object(self) -> None:
        self.at += 1
        if self._space() == "}":
            self.at += 1
            return
        while True:
            if self._space() != '"':
                raise self._fail("looking for beginning of object key string")
            self._string()
            if self._space() != ":":
                raise self._fail("after object key")
            self.at += 1
            self.value()
            if self._closed("}", "after object key:value pair"):
                return

    def _array(self) -> None:
        self.at += 1
        if self._space() == "]":
            self.at += 1
            return
        while True:
            self.value()
            if self._closed("]", "after array element"):
                return

    def _closed(self, bracket: str, where: str) -> bool:
        found = self._space()
        if found not in (",", bracket):
            raise self._fail(where)
        self.at += 1
        return found == bracket

    def _string(self) -> None:
        self.at += 1
        while (found := self._peek()) != '"':
            if found < " ":
                raise self._fail("in string literal")
            self.at += 1
            if found == "\\":
                self._escape()
        self.at += 1

    def _escape(self) -> None:
        if (found := self._peek()) not in _ESCAPES:
            raise self._fail("in string escape code")
        self.at += 1
        for _ in range(4 if found == "u" else 0):
            if self._peek() not in "0123456789abcdefABCDEF":
                raise self._fail("in \\u hexadecimal character escape")
            self.at += 1

    def _number(self) -> None:
        if self._peek() == "-":
            self.at += 1
        if self._peek() == "0":
            self.at += 1
        else:
            self._digits("in numeric literal")
        if self.text[self.at : self.at + 1] == ".":
            self.at += 1
            self._digits("after decimal point in numeric literal")
        if self.text[self.at : self.at + 1] in ("e", "E"):
            self.at += 1
            if self._peek() in "+-":
                self.at += 1
            self._digits("in exponent of numeric literal")

    def _digits(self, where: str) -> None:
        if not self._peek().isdigit():
            raise self._fail(where)
        while self.text[self.at : self.at + 1].isdigit():
            self.at += 1

    def _literal(self, word: str) -> None:
        for letter in word:
            if self._peek() != letter:
                raise self._fail(f"in literal {word} (expecting {_quoted(letter)})")
            self.at += 1


def _quoted(character: str) -> str:
    if character == "'":
        return "'\\''"
    if character == '"':
        return "'\"'"
    if character < " " or character == "\x7f":
        known = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
        return "'" + known.get(character, f"\\x{ord(character):02x}") + "'"
    return "'\\\\'" if character == "\\" else f"'{character}'"
