"""Label selectors: `app=web,tier in (front,back),!canary` as text, and LabelSelector objects.

A selector is a tuple of requirements, all of which must hold. Text is cut into tokens first (the operators
`= == != > < ! ( ) ,` and the words between them), then read by one function for each part of the grammar. `in` and
`notin` are operators only where one is expected: a label may be called `in`. The messages are Kubernetes' own, since
its users search for them.

Source: k8s.io/apimachinery, pkg/labels/selector.go and pkg/apis/meta/v1/helpers.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hythe.errors import InvalidArgument
from hythe.kube.objects import names

_TOKEN: Final = re.compile(r"[ \t\r\n]*(?:(==|!=|[=!()<>,])|([^=!()<>, \t\r\n\0]+)|$|\0)")
_OPERATORS: Final = ("in", "notin", "=", "==", "!=", ">", "<")
_EXPECTED: Final = "in, notin, =, ==, !=, gt, lt"
_EXPRESSIONS: Final = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


class InvalidSelector(InvalidArgument):
    """The text or object is no selector; the message is Kubernetes'."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label.

    `operator` is one of = == != in notin exists ! > <; `values` are sorted and without doubles.
    """

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels meets the condition."""
        value = labels.get(self.key)
        if self.operator in ("=", "==", "in"):
            return value is not None and value in self.values
        if self.operator in ("!=", "notin"):
            return value is None or value not in self.values
        if self.operator in ("exists", "!"):
            return (value is not None) == (self.operator == "exists")
        return value is not None and _compares(value, self.operator, self.values[0])

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return f"!{self.key}"
        shown = ",".join(self.values)
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({shown})"
        return f"{self.key}{self.operator}{shown}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Requirements that must all hold; none at all is a selector that everything meets.

    `nothing` turns it into one that nothing meets (a LabelSelector that is absent).
    """

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether an object with these labels is selected; None is an object without labels."""
        found = labels or {}
        return not self.nothing and all(each.matches(found) for each in self.requirements)

    def __bool__(self) -> bool:
        """Whether it restricts anything."""
        return self.nothing or bool(self.requirements)

    def __str__(self) -> str:
        return ",".join(str(each) for each in self.requirements)


EVERYTHING: Final = Selector()
NOTHING: Final = Selector(nothing=True)


def parse(text: str) -> Selector:
    """The selector in `text`, as a query parameter or `kubectl -l` has it; "" selects everything."""
    return _selector(_Parser(_tokens(text)).requirements())


def from_labels(labels: Mapping[str, str] | None) -> Selector:
    """What a Service's or ReplicationController's plain map of labels selects; an empty one selects everything."""
    return _selector([Requirement(key, "=", (value,)) for key, value in (labels or {}).items()])


def from_object(selector: Mapping[str, Any] | None) -> Selector:
    """What a LabelSelector (matchLabels, matchExpressions) selects: nothing if it is absent, all if it is empty."""
    if selector is None:
        return NOTHING
    found = [_checked(key, "=", [value]) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        operator = _EXPRESSIONS.get(expression.get("operator", ""))
        if operator is None:
            raise InvalidSelector(
                f'"{expression.get("operator", "")}" is not a valid label selector operator'
            )
        found.append(_checked(expression.get("key", ""), operator, expression.get("values") or []))
    return _selector(found)


def _selector(requirements: Sequence[Requirement]) -> Selector:
    return Selector(tuple(sorted(requirements, key=lambda each: each.key)))


def _compares(value: str, operator: str, limit: str) -> bool:
    if not _is_integer(value):
        return False
    return int(value) > int(limit) if operator == ">" else int(value) < int(limit)


def _is_integer(text: str) -> bool:
    """Whether Go's ParseInt(text, 10, 64) takes it."""
    return re.fullmatch(r"[+-]?[0-9]+", text) is not None and -(2**63) <= int(text) < 2**63


def _checked(key: str, operator: str, values: Sequence[str]) -> Requirement:
    """The requirement, or all that is wrong with it, as Kubernetes aggregates field errors."""
    problems = [_invalid("key", key, "; ".join(found)) for found in [names.qualified_name(key)] if found]
    problems += _wrong_count(operator, values)
    for index, value in enumerate(values):
        if found := names.label_value(value):
            problems.append(_invalid(f"values[{index}][{key}]", value, "; ".join(found)))
    if problems:
        raise InvalidSelector(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")
    return Requirement(key, operator, tuple(sorted(set(values))))


def _wrong_count(operator: str, values: Sequence[str]) -> list[str]:
    if operator in ("in", "notin") and not values:
        return [_invalid("values", [], "for 'in', 'notin' operators, values set can't be empty")]
    if operator in ("exists", "!") and values:
        return [_invalid("values", list(values), "values set must be empty for exists and does not exist")]
    if operator in (">", "<") and not _is_integer(values[0]):
        return [_invalid("values[0]", values[0], "for 'Gt', 'Lt' operators, the value must be an integer")]
    return []


def _invalid(path: str, value: Any, detail: str) -> str:
    return f"{path}: Invalid value: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}: {detail}"


def _tokens(text: str) -> list[tuple[bool, str]]:
    """Pairs of "is an operator or a bracket" and the token, then (True, "") for the end."""
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or (match[1] is None and match[2] is None):
            break
        found.append((match[1] is not None, match[1] or match[2]))
        position = match.end()
    return [*found, (True, "")]


class _Parser:
    """Reads tokens from left to right; each method reads one part of the grammar and stands behind it then.

    The last token is the end, which stays however often it is taken.
    """

    def __init__(self, tokens: list[tuple[bool, str]]) -> None:
        self._tokens = tokens
        self._next = 0

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            symbol, token = self._peek()
            if symbol and token == "":
                return found
            if symbol and token != "!":
                raise InvalidSelector(f"found '{token}', expected: !, identifier, or 'end of string'")
            found.append(self._requirement_or_say())
            self._separator()

    def _separator(self) -> None:
        symbol, token = self._take()
        if symbol and token == ",":
            following, text = self._peek()
            if following and text != "!":
                raise InvalidSelector(f"found '{text}', expected: identifier after ','")
        elif not (symbol and token == ""):
            raise InvalidSelector(f"found '{token}', expected: ',' or 'end of string'")

    def _requirement_or_say(self) -> Requirement:
        try:
            return self._requirement()
        except InvalidSelector as problem:
            raise InvalidSelector(f"unable to parse requirement: {problem.message}") from problem

    def _requirement(self) -> Requirement:
        key, absent = self._key()
        if absent or self._peek() in ((True, ""), (True, ",")):
            return _checked(key, "!" if absent else "exists", ())
        operator = self._operator()
        values = self._list() if operator in ("in", "notin") else [self._value()]
        return _checked(key, operator, sorted(set(values)))

    def _key(self) -> tuple[str, bool]:
        symbol, token = self._take()
        absent = symbol and token == "!"
        if absent:
            symbol, token = self._take()
        if symbol:
            raise InvalidSelector(f"found '{token}', expected: identifier")
        if problems := names.qualified_name(token):
            raise InvalidSelector(f"<nil>: Invalid value: {json.dumps(token)}: {'; '.join(problems)}")
        return token, absent

    def _operator(self) -> str:
        _, token = self._take()
        if token not in _OPERATORS:
            raise InvalidSelector(f"found '{token}', expected: {_EXPECTED}")
        return token

    def _value(self) -> str:
        if self._peek() in ((True, ""), (True, ",")):
            return ""
        symbol, token = self._take()
        if symbol:
            raise InvalidSelector(f"found '{token}', expected: identifier")
        return token

    def _list(self) -> list[str]:
        """The values in brackets; an empty place between commas is the empty value."""
        symbol, token = self._take()
        if not symbol or token != "(":
            raise InvalidSelector(f"found '{token}' expected: '('")
        values: list[str] = []
        while True:
            symbol, token = self._take()
            if symbol and token not in (",", ")"):
                raise InvalidSelector(f"found '{token}', expected: ',', or identifier")
            values.append("" if symbol else token)
            if not symbol:
                symbol, token = self._take()
                if not symbol or token not in (",", ")"):
                    raise InvalidSelector(f"found '{token}', expected: ',' or ')'")
            if token == ")":
                return values

    def _peek(self) -> tuple[bool, str]:
        return self._tokens[self._next]

    def _take(self) -> tuple[bool, str]:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token
