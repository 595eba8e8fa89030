"""The nodes of an expression. `at` is the place of a node in the text, an index from 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class CompileError(Exception):
    """The text is no expression, or says something impossible; `at` is where."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message, self.at = message, at

    def shown(self, text: str) -> str:
        """As cel-go prints it: the place, and an arrow below the line."""
        before = text[: self.at]
        line, column = before.count("\n") + 1, self.at - (before.rfind("\n") + 1)
        whole = text.split("\n")[line - 1]
        return f"ERROR: <input>:{line}:{column + 1}: {self.message}\n | {whole}\n | {'.' * column}^"


@dataclass(frozen=True, slots=True)
class Node:
    """Any expression."""

    at: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, text, bytes, truth or null."""

    value: Any


@dataclass(frozen=True, slots=True)
class Ident(Node):
    """A name in the scope."""

    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    """A field: `a.b`; `has(a.b)` with `test`; `a.?b` with `optional`."""

    operand: Node
    field: str
    test: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`a[b]`, or `a[?b]`."""

    operand: Node
    index: Node
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function, or an operator by a name such as `_+_`; `target` stands before the dot, if there is one."""

    function: str
    target: Node | None
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Items(Node):
    """A list, or with `keys` a map."""

    values: tuple[Node, ...]
    keys: tuple[Node, ...] | None = None


@dataclass(frozen=True, slots=True)
class Macro(Node):
    """`OVER.all(VARIABLE, BODY)` and its like; `filter` is the middle one of the three parts that a `map` may have."""

    kind: str
    over: Node
    variable: str
    body: Node
    filter: Node | None = None
