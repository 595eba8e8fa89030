"""What is wrong with text that is no JSON, in the words of Go's encoding/json.

The scanner reads as Go's does and stops at the first mistake: at what comes where, or at the end of the text. It makes
no values; `jsontext` asks it only when Python's own parser has failed.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.objects.schema.decode.failures import Undecodable

_SPACE: Final = " \t\r\n"
_ESCAPES: Final = '"\\/bfnrtu'


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
