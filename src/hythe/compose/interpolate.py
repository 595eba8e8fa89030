"""Variables in a Compose file: $NAME and ${NAME...} in values, never in keys. "$$" stands for "$".

    ${N}  value, or nothing with a warning      ${N:-d} ${N-d}  d if unset or empty / unset
    ${N:+x} ${N+x}  x if set and not empty / set    ${N:?m} ${N?m}  refuse with m if unset or empty / unset

Defaults may contain variables in turn. Source: Compose Specification, "Interpolation".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from hythe.compose.document import Items, Place, Scalar, Value

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR: Final = re.compile(r":?[-?+]")
_HINT: Final = "write $$ for a dollar sign, ${NAME} or ${NAME:-default} for a variable"
_DEEPEST: Final = 20

Warn = Callable[[str], None]


def interpolate(value: Value, variables: Mapping[str, str], warn: Warn) -> Value:
    """The document with all variables replaced. Raises SyntaxProblem at the value's place."""
    if isinstance(value, Scalar):
        if not isinstance(value.value, str) or "$" not in value.value:
            return value
        done = substitute(value.value, variables, value.place, warn)
        return Scalar(done, done, value.place, value.tag)
    if isinstance(value, Items):
        items = tuple(interpolate(item, variables, warn) for item in value.items)
        return Items(items, value.place, value.tag)
    return value.with_entries(
        {key: interpolate(item, variables, warn) for key, item in value.entries.items()}
    )


def substitute(source: str, variables: Mapping[str, str], place: Place, warn: Warn) -> str:
    """One string with its variables replaced."""
    return _Substitution(source, variables, place, warn).run()


class _Substitution:
    def __init__(
        self, source: str, variables: Mapping[str, str], place: Place, warn: Warn, depth: int = 0
    ) -> None:
        self._source, self._variables, self._place, self._warn = source, variables, place, warn
        self._depth = depth
        if depth > _DEEPEST:
            raise place.problem(f"variables within variables, more than {_DEEPEST} deep")

    def run(self) -> str:
        source, position = self._source, 0
        result: list[str] = []
        while (dollar := source.find("$", position)) >= 0:
            result.append(source[position:dollar])
            value, position = self._variable(dollar)
            result.append(value)
        result.append(source[position:])
        return "".join(result)

    def _variable(self, dollar: int) -> tuple[str, int]:
        """The value of what begins at a dollar sign, and where it ends."""
        following = self._source[dollar + 1 : dollar + 2]
        if following == "$":
            return "$", dollar + 2
        if following == "{":
            end = self._closing(dollar + 2)
            return self._braced(self._source[dollar + 2 : end]), end + 1
        match = _NAME.match(self._source, dollar + 1)
        if match is None:
            raise self._place.problem(f"invalid variable in {self._source!r}", hint=_HINT)
        return self._value(match[0]), match.end()

    def _closing(self, position: int) -> int:
        """Where the brace that was opened before `position` is closed."""
        open_braces, start = 1, position
        while position < len(self._source):
            if self._source.startswith("${", position):
                open_braces += 1
                position += 1
            elif self._source[position] == "}":
                open_braces -= 1
                if not open_braces:
                    return position
            position += 1
        raise self._place.problem(f"'${{{self._source[start:]}' is not closed by a brace", hint=_HINT)

    def _braced(self, body: str) -> str:
        match = _NAME.match(body)
        if match is None:
            raise self._place.problem(f"invalid variable name in '${{{body}}}'", hint=_HINT)
        name, rest = match[0], body[match.end() :]
        if not rest:
            return self._value(name)
        operator = _OPERATOR.match(rest)
        if operator is None:
            raise self._place.problem(f"invalid variable '${{{body}}}'", hint=_HINT)
        word = rest[operator.end() :]
        present = bool(self._variables.get(name)) if ":" in operator[0] else name in self._variables
        if operator[0][-1] == "+":
            return self._inner(word) if present else ""
        if present:
            return self._variables[name]
        if operator[0][-1] == "-":
            return self._inner(word)
        raise self._place.problem(
            f"required variable {name} is missing a value: {self._inner(word)}".rstrip(": "),
            hint=f"set it with export {name}=..., or in the .env file",
        )

    def _inner(self, word: str) -> str:
        return _Substitution(word, self._variables, self._place, self._warn, self._depth + 1).run()

    def _value(self, name: str) -> str:
        if name not in self._variables:
            self._warn(f'The "{name}" variable is not set. Defaulting to a blank string.')
        return self._variables.get(name, "")
