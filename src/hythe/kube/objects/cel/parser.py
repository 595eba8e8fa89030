"""CEL's grammar, read from the top down: `?:`, `||`, `&&`, comparisons, sums, products, signs, members.

Nesting is limited, so that no text can exhaust the stack. Macros become nodes of their own here.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.objects.cel.lexer import RESERVED, Token, tokens
from hythe.kube.objects.cel.syntax import (
    Call,
    CompileError,
    Ident,
    Index,
    Items,
    Literal,
    Macro,
    Node,
    Select,
)

_MAX_DEPTH: Final = 60
_LEVELS: Final = (
    ("||",),
    ("&&",),
    ("<", "<=", ">=", ">", "==", "!=", "in"),
    ("+", "-"),
    ("*", "/", "%"),
)
_NAMES: Final = {"in": "@in"}
MACROS: Final = ("all", "exists", "exists_one", "map", "filter")


def parse(text: str) -> Node:
    """The expression in a text. Raises `CompileError`."""
    parser = _Parser(tokens(text))
    node = parser.expression()
    parser.end()
    return node


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens, self._next, self._depth = found, 0, 0

    def expression(self) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise CompileError("expression recursion limit exceeded", self._token.at)
        node = self._binary(0)
        if self._is("?"):
            at = self._take().at
            good = self._binary(0)
            self._expect(":")
            node = Call(at, "_?_:_", None, (node, good, self.expression()))
        self._depth -= 1
        return node

    def end(self) -> None:
        if self._token.kind != "end":
            raise self._unexpected()

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self._binary(level + 1)
        while self._token.kind == "operator" and self._token.value in _LEVELS[level]:
            token = self._take()
            name = _NAMES.get(token.value, f"_{token.value}_")
            node = Call(token.at, name, None, (node, self._binary(level + 1)))
        return node

    def _unary(self) -> Node:
        if not self._is("!") and not self._is("-"):
            return self._member()
        token = self._take()
        if token.value == "-" and self._token.kind == "literal" and type(self._token.value) in (int, float):
            self._tokens[self._next] = Token("literal", -self._token.value, token.at)
            return self._member()
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise CompileError("expression recursion limit exceeded", token.at)
        node = Call(token.at, f"{token.value}_", None, (self._unary(),))
        self._depth -= 1
        return node

    def _member(self) -> Node:
        node = self._primary()
        while True:
            if self._is("."):
                node = self._field(node, self._take().at)
            elif self._is("["):
                at = self._take().at
                optional = self._accept("?")
                node = Index(at, node, self.expression(), optional)
                self._expect("]")
            else:
                return node

    def _field(self, node: Node, at: int) -> Node:
        optional = self._accept("?")
        token = self._take()
        if token.kind not in ("name", "operator") or not str(token.value).isidentifier():
            raise self._unexpected(token)
        if optional or not self._is("("):
            return Select(at, node, str(token.value), optional=optional)
        self._take()
        args = self._list(")")
        if token.value in MACROS and len(args) in (2, 3):
            return self._macro(str(token.value), node, args, token.at)
        return Call(at, str(token.value), node, args)

    def _macro(self, kind: str, over: Node, args: tuple[Node, ...], at: int) -> Node:
        variable = args[0]
        if not isinstance(variable, Ident):
            raise CompileError("argument must be a simple name", variable.at)
        if len(args) == 3 and kind != "map":
            raise CompileError(f"undeclared reference to '{kind}' (in container '')", at)
        if len(args) == 3:
            return Macro(at, kind, over, variable.name, args[2], args[1])
        return Macro(at, kind, over, variable.name, args[1])

    def _primary(self) -> Node:
        token = self._take()
        if token.kind == "literal":
            if token.value == 2**63 and type(token.value) is int:
                raise CompileError("invalid int literal", token.at)
            return Literal(token.at, token.value)
        if token.kind == "name":
            return self._named(token)
        if token.value == "(":
            node = self.expression()
            self._expect(")")
            return node
        if token.value == "[":
            return Items(token.at, self._list("]"))
        if token.value == "{":
            return self._map(token.at)
        raise self._unexpected(token)

    def _named(self, token: Token) -> Node:
        name = str(token.value)
        if name in RESERVED:
            raise CompileError(f"Syntax error: reserved identifier: {name}", token.at)
        if not self._accept("("):
            return Ident(token.at, name)
        args = self._list(")")
        if name == "has":
            if len(args) != 1 or not isinstance(args[0], Select):
                raise CompileError("invalid argument to has() macro", token.at)
            return Select(token.at, args[0].operand, args[0].field, test=True)
        return Call(token.at, name, None, args)

    def _map(self, at: int) -> Node:
        keys, values = [], []
        while not self._is("}"):
            keys.append(self.expression())
            self._expect(":")
            values.append(self.expression())
            if not self._accept(","):
                break
        self._expect("}")
        return Items(at, tuple(values), tuple(keys))

    def _list(self, end: str) -> tuple[Node, ...]:
        found = []
        while not self._is(end):
            found.append(self.expression())
            if not self._accept(","):
                break
        self._expect(end)
        return tuple(found)

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _is(self, operator: str) -> bool:
        return self._token.kind == "operator" and self._token.value == operator

    def _take(self) -> Token:
        token = self._token
        if token.kind != "end":
            self._next += 1
        return token

    def _accept(self, operator: str) -> bool:
        found = self._is(operator)
        if found:
            self._take()
        return found

    def _expect(self, operator: str) -> None:
        if not self._accept(operator):
            raise self._unexpected(wanted=operator)

    def _unexpected(self, token: Token | None = None, wanted: str = "") -> CompileError:
        token = token or self._token
        expected = f" expecting '{wanted}'" if wanted else ""
        return CompileError(f"Syntax error: mismatched input '{token.value}'{expected}", token.at)
