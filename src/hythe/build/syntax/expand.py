"""Variables, quotes and escapes of a Dockerfile word, replaced by what they stand for.

The language is a part of the shell's (Dockerfile reference, "Environment replacement"): `$name`, `${name}`,
`${name:-word}`, `-`, `:+`, `+`, `:?`, `?`, the pattern forms `#`, `##`, `%`, `%%`, `/` and `//`, single
quotes (all literal), double quotes (variables and escaped `"`, `$` and escape), and the escape character. An
unset variable is empty. RUN, CMD and ENTRYPOINT are left to the shell and do not come here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hythe.build.syntax.position import Word

_SPECIAL: Final = "@*#?-$!0"


class ExpansionError(ValueError):
    """A malformed `${...}` or an open quote; the text says what."""


def expand(word: Word, values: Mapping[str, str], escape: str = "\\") -> str:
    """`word` with everything replaced; SyntaxProblem at the word when it is malformed."""
    try:
        return _Scanner(word.text, values, escape).whole()[0]
    except ExpansionError as error:
        raise word.at.problem(f"failed to process {word.text!r}: {error}") from error


def expand_words(word: Word, values: Mapping[str, str], escape: str = "\\") -> list[str]:
    """As `expand`, then cut at white space that was not quoted, also where a variable brought it in."""
    try:
        return _Scanner(word.text, values, escape).whole()[1]
    except ExpansionError as error:
        raise word.at.problem(f"failed to process {word.text!r}: {error}") from error


def expand_text(word: Word, values: Mapping[str, str]) -> str:
    """The body of a here-document: variables and escapes are replaced, quotes are ordinary characters."""
    try:
        return _Scanner(word.text, values, "\\", quotes=False).whole()[0]
    except ExpansionError as error:
        raise word.at.problem(f"failed to process here-document: {error}") from error


class _Output:
    """Collects the expanded text and, beside it, the words that it falls into."""

    def __init__(self) -> None:
        self.text = ""
        self._words: list[str] = []
        self._word: str | None = None

    def raw(self, text: str) -> None:
        """Quoted or escaped text: part of the current word, white space included."""
        self.text += text
        self._word = (self._word or "") + text

    def plain(self, text: str) -> None:
        self.text += text
        for character in text:
            if not character.isspace():
                self._word = (self._word or "") + character
            elif self._word:
                self._words.append(self._word)
                self._word = None

    def words(self) -> list[str]:
        return [*self._words, self._word] if self._word else self._words


class _Scanner:
    def __init__(self, text: str, values: Mapping[str, str], escape: str, *, quotes: bool = True) -> None:
        self._text, self._values, self._escape, self._quotes = text, values, escape, quotes
        self._index = 0

    def whole(self) -> tuple[str, list[str]]:
        output = self._until("")
        return output.text, output.words()

    def _peek(self) -> str:
        return self._text[self._index : self._index + 1]

    def _take(self) -> str:
        character = self._peek()
        self._index += 1
        return character

    def _until(self, stop: str, *, keep_escapes: bool = False) -> _Output:
        """Everything up to the unquoted `stop` (which is consumed), or to the end when there is none."""
        output = _Output()
        while character := self._peek():
            if stop and character == stop:
                self._index += 1
                return output
            if character == "$":
                output.plain(self._dollar())
            elif character == "'" and self._quotes:
                output.raw(self._single())
            elif character == '"' and self._quotes:
                output.raw(self._double())
            elif character == self._escape:
                self._index += 1
                output.raw((character if keep_escapes else "") + self._take())
            else:
                output.plain(self._take())
        if stop:
            raise ExpansionError(f"syntax error: missing {stop!r}")
        return output

    def _single(self) -> str:
        end = self._text.find("'", self._index + 1)
        if end < 0:
            raise ExpansionError("unexpected end of statement while looking for matching single-quote")
        content = self._text[self._index + 1 : end]
        self._index = end + 1
        return content

    def _double(self) -> str:
        self._index += 1
        result = ""
        while character := self._peek():
            if character == "$":
                result += self._dollar()
                continue
            self._index += 1
            if character == '"':
                return result
            if character == self._escape and self._peek() in ('"', "$", self._escape):
                character = self._take()
            result += character
        raise ExpansionError("unexpected end of statement while looking for matching double-quote")

    def _name(self) -> str:
        character = self._peek()
        if character.isdigit():
            match = re.compile(r"\d+").match(self._text, self._index)
        elif character and character in _SPECIAL:
            self._index += 1
            return character
        else:
            match = re.compile(r"\w+").match(self._text, self._index)
        if match is None:
            return ""
        self._index = match.end()
        return match[0]

    def _dollar(self) -> str:
        self._index += 1
        if self._peek() != "{":
            name = self._name()
            return self._values.get(name, "") if name else "$"
        self._index += 1
        if self._peek() in ("{", "}", ":"):
            raise ExpansionError("syntax error: bad substitution")
        name, operator = self._name(), self._take()
        if operator == "}":
            return self._values.get(name, "")
        if operator == "":
            raise ExpansionError("syntax error: missing '}'")
        if operator == "/":
            return self._replace(self._values.get(name, ""))
        if operator == ":":
            operator += self._take()
        if operator[-1:] not in tuple("-+?#%"):
            raise ExpansionError(f"unsupported modifier ({operator}) in substitution")
        return self._modify(name, operator)

    def _modify(self, name: str, operator: str) -> str:
        kind = operator[-1]
        word = self._until("}", keep_escapes=kind in "#%").text
        value = self._values.get(name)
        missing = value is None or (operator[0] == ":" and value == "")
        if kind == "-":
            return word if missing else value or ""
        if kind == "+":
            return "" if missing else word
        if kind == "?":
            if missing:
                raise ExpansionError(
                    f"{name}: {word or 'is not allowed to be ' + ('unset' if value is None else 'empty')}"
                )
            return value or ""
        greedy = word[:1] == kind
        return _trim(value or "", word[1:] if greedy else word, kind, greedy=greedy)

    def _replace(self, value: str) -> str:
        everywhere = self._peek() == "/"
        if everywhere:
            self._index += 1
        pattern = self._until("/", keep_escapes=True).text
        replacement = self._until("}", keep_escapes=True).text
        return _pattern(pattern, greedy=True).sub(lambda _: replacement, value, count=0 if everywhere else 1)


def _pattern(glob: str, *, greedy: bool) -> re.Pattern[str]:
    """The regular expression of a shell pattern with `?`, `*` and escapes, without brackets."""
    result, index = "", 0
    while index < len(glob):
        character = glob[index]
        index += 1
        if character == "*":
            result += ".*" if greedy else ".*?"
        elif character == "?":
            result += "."
        elif character == "\\":
            following = glob[index : index + 1]
            if following not in ("*", "?", "\\", "}", "/"):
                raise ExpansionError(
                    f"invalid pattern ({glob}) in substitution: invalid escape '\\{following}'"
                )
            result += re.escape(following)
            index += 1
        else:
            result += re.escape(character)
    return re.compile(result, re.DOTALL)


def _trim(value: str, glob: str, side: str, *, greedy: bool) -> str:
    """`value` without the shortest (or longest) match of `glob` at its beginning (`#`) or end (`%`)."""
    expression = _pattern(glob, greedy=greedy)
    if side == "#":
        match = expression.match(value)
        return value[match.end() :] if match else value
    starts = range(len(value) + 1)
    for start in starts if greedy else reversed(starts):
        if expression.fullmatch(value, start):
            return value[:start]
    return value
