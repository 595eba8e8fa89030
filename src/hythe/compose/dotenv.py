"""Files of variables: .env and env_file.

    NAME=value            # a comment after a blank      export NAME=value        NAME: value
    NAME='literal, over several lines'                   NAME="$OTHER and \n escapes, over several lines"
    NAME                  (in an env_file: take it from the caller's environment)

Unquoted and double-quoted values are interpolated with what stands above in the file and the caller's
environment, which goes first. Source: docker's documentation "Set environment variables", "Env-file syntax".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hythe.compose.document import Place
from hythe.compose.interpolate import Warn, substitute
from hythe.errors import NotFound, SyntaxProblem, SystemProblem

_NAME: Final = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.\-\[\]]*)[ \t]*")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$$", "a": "\a", "b": "\b"}
_COMMENT: Final = re.compile(r"[ \t]#.*")


def read(path: str, variables: Mapping[str, str], warn: Warn, *, raw: bool = False) -> dict[str, str | None]:
    """The variables of a file, in its order; None for a name without a value that the caller has not set."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            source = file.read()
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", hint="make it, or leave env_file out") from error
    except OSError as error:
        raise SystemProblem(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SyntaxProblem("it is not UTF-8 text", file=path, line=1, column=1) from error
    return parse_raw(source, path) if raw else parse(source, path, variables, warn)


def parse(source: str, file: str, variables: Mapping[str, str], warn: Warn) -> dict[str, str | None]:
    return _Reader(source, file, variables, warn).run()


def parse_raw(source: str, file: str) -> dict[str, str | None]:
    """`format: raw`: NAME=value a line and nothing more, as docker run --env-file has it."""
    result: dict[str, str | None] = {}
    for number, line in enumerate(source.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, equals, value = line.partition("=")
            if not name.strip() or " " in name.strip():
                raise SyntaxProblem(f"{name!r} cannot be a variable's name", file=file, line=number, column=1)
            result[name.strip()] = value if equals else None
    return result


class _Reader:
    """A cursor over the text."""

    def __init__(self, source: str, file: str, variables: Mapping[str, str], warn: Warn) -> None:
        self._source, self._file, self._warn = source.replace("\r\n", "\n"), file, warn
        self._outside = variables
        self._position = 0
        self._found: dict[str, str | None] = {}

    def run(self) -> dict[str, str | None]:
        while self._position < len(self._source):
            line = self._line()
            if not line.strip() or line.lstrip().startswith("#"):
                self._position += len(line) + 1
            else:
                self._entry(line)
        return self._found

    def _entry(self, line: str) -> None:
        place = self._place()
        self._position += len(line) - len(line.lstrip())
        match = _NAME.match(self._source, self._position)
        if match is None:
            raise place.problem(f"{line.strip()!r} has no variable's name", hint="write NAME=value")
        name = match[1]
        self._position = match.end()
        rest = self._line()
        if not rest.strip() or rest.startswith("#"):
            self._found[name] = self._outside.get(name)
            self._position += len(rest) + 1
            return
        if rest[0] not in "=:":
            raise place.problem(f"unexpected {rest.strip()!r} after {name}", hint="write NAME=value")
        self._position += 1
        self._found[name] = self._value(place)

    def _value(self, place: Place) -> str:
        rest = self._line()
        self._position += len(rest) - len(rest.lstrip(" \t"))
        rest = self._line()
        if rest[:1] in ("'", '"'):
            return self._quoted(rest[0], place)
        self._position += len(rest) + 1
        if rest.startswith("#"):
            return ""
        return self._substituted(_COMMENT.sub("", rest, count=1).strip(), place)

    def _quoted(self, quote: str, place: Place) -> str:
        position, parts = self._position + 1, list[str]()
        while position < len(self._source) and self._source[position] != quote:
            character = self._source[position]
            if character == "\\" and quote == '"':
                position += 1
                following = self._source[position : position + 1]
                parts.append(_ESCAPES.get(following, f"\\{following}"))
            elif character == "\\" and self._source[position + 1 : position + 2] == quote:
                position += 1
                parts.append(quote)
            else:
                parts.append(character)
            position += 1
        if position >= len(self._source):
            raise place.problem(f"the quotation mark {quote} is not closed")
        self._position = position + 1
        after = self._line()
        if after.strip() and not after.lstrip().startswith("#"):
            raise place.problem(f"unexpected {after.strip()!r} after the closing quotation mark")
        self._position += len(after) + 1
        text = "".join(parts)
        return text if quote == "'" else self._substituted(text, place)

    def _substituted(self, text: str, place: Place) -> str:
        if "$" not in text:
            return text
        known = {name: value for name, value in self._found.items() if value is not None}
        return substitute(text, {**known, **self._outside}, place, self._warn)

    def _line(self) -> str:
        end = self._source.find("\n", self._position)
        return self._source[self._position : end if end >= 0 else None]

    def _place(self) -> Place:
        return Place(self._file, self._source.count("\n", 0, self._position) + 1, 1)
