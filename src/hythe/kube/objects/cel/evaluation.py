"""The value of an expression: a walk over its nodes, with a scope of names and a budget of steps.

`&&` and `||` know their value by one side alone, also when the other has none; `?:` and macros evaluate only what they
need. Every node costs a step, and what looks at a long text or list costs more; when the budget is spent, there is
no value. Fields of objects are found by their names as CEL escapes them (`a__dash__b`).

Source: cel-spec, doc/langdef.md; apiserver, pkg/cel/escaping.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from hythe.kube.objects.cel import values
from hythe.kube.objects.cel.extensions import EXTENSIONS
from hythe.kube.objects.cel.library import FUNCTIONS
from hythe.kube.objects.cel.syntax import Call, Ident, Index, Items, Literal, Macro, Node, Select
from hythe.kube.objects.cel.values import EvaluationError, Optional

KNOWN: Final[dict[str, Callable[..., Any]]] = {**FUNCTIONS, **EXTENSIONS}
NAMESPACES: Final = ("sets", "optional", "ip", "math")
_ESCAPES: Final = {"underscores": "__", "dot": ".", "dash": "-", "slash": "/"}
_TYPES: Final = {"int", "uint", "double", "string", "bytes", "bool", "list", "map", "null_type"}


class Spent(EvaluationError):
    """The budget is used up."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")


def unescaped(name: str) -> str:
    """The name of a field from its name in expressions."""
    if "__" not in name:
        return name
    found = re.sub(r"__(underscores|dot|dash|slash)__", lambda match: _ESCAPES[match[1]], name)
    return found[2:-2] if found == name and name.startswith("__") and name.endswith("__") else found


def qualified(node: Call) -> str:
    """`sets.contains(a, b)` is a function of that name, not one of `sets`."""
    target = node.target
    if isinstance(target, Ident) and target.name in NAMESPACES and f"{target.name}.{node.function}" in KNOWN:
        return f"{target.name}.{node.function}"
    return ""


class Evaluator:
    """Evaluates expressions; `budget` is what is left of the steps, over all of them."""

    def __init__(self, budget: int) -> None:
        self.budget = budget

    def value(self, node: Node, scope: Mapping[str, Any]) -> Any:
        """Raises `EvaluationError`."""
        self.budget -= 1
        if self.budget < 0:
            raise Spent
        return _RULES[type(node)](self, node, scope)

    def _literal(self, node: Literal, scope: Mapping[str, Any]) -> Any:
        return node.value

    def _ident(self, node: Ident, scope: Mapping[str, Any]) -> Any:
        if node.name in scope:
            return scope[node.name]
        if node.name in _TYPES:
            return node.name
        raise EvaluationError(f"no such attribute: {node.name}")

    def _select(self, node: Select, scope: Mapping[str, Any]) -> Any:
        operand = self.value(node.operand, scope)
        if isinstance(operand, Optional):
            return self._of_optional(operand, lambda held: _field(held, node.field))
        if node.optional:
            return _maybe(operand, node.field)
        if not isinstance(operand, dict):
            raise values.no_overload(node.field)
        name = node.field if node.field in operand else unescaped(node.field)
        if node.test:
            return name in operand
        return _field(operand, node.field)

    @staticmethod
    def _of_optional(operand: Optional, look: Callable[[Any], Any]) -> Optional:
        if not operand.present:
            return operand
        try:
            return Optional(True, look(operand.held))
        except EvaluationError:
            return Optional()

    def _index(self, node: Index, scope: Mapping[str, Any]) -> Any:
        operand, key = self.value(node.operand, scope), self.value(node.index, scope)
        if isinstance(operand, Optional):
            return self._of_optional(operand, lambda held: _item(held, key))
        if node.optional:
            return self._of_optional(Optional(True, operand), lambda held: _item(held, key))
        return _item(operand, key)

    def _items(self, node: Items, scope: Mapping[str, Any]) -> Any:
        found = [self.value(each, scope) for each in node.values]
        if node.keys is None:
            return found
        keys = [self.value(each, scope) for each in node.keys]
        if not all(isinstance(key, (str, int, bool)) for key in keys):
            raise EvaluationError("unsupported key type")
        return dict(zip(keys, found, strict=True))

    def _call(self, node: Call, scope: Mapping[str, Any]) -> Any:
        if node.function in ("_&&_", "_||_"):
            return self._either(node, scope)
        if node.function == "!_":
            return not self._truth(node.args[0], scope)
        if node.function == "_?_:_":
            return self.value(node.args[1 if self._truth(node.args[0], scope) else 2], scope)
        name, args = qualified(node), node.args
        if not name:
            name = node.function
            args = args if node.target is None else (node.target, *args)
        found = [self.value(each, scope) for each in args]
        self.budget -= sum(len(each) for each in found if isinstance(each, (str, bytes, list, dict))) // 10
        if self.budget < 0:
            raise Spent
        try:
            return KNOWN[name](*found)
        except TypeError as problem:
            raise values.no_overload(name) from problem
        except (ValueError, ArithmeticError) as problem:
            raise EvaluationError(f"{name}: {problem}") from problem

    def _truth(self, node: Node, scope: Mapping[str, Any]) -> bool:
        found = self.value(node, scope)
        if not isinstance(found, bool):
            raise values.no_overload()
        return found

    def _either(self, node: Call, scope: Mapping[str, Any]) -> bool:
        """The value that one side decides, whichever it is; an error only if none does."""
        decides = node.function == "_||_"
        failed: EvaluationError | None = None
        for each in node.args:
            try:
                if self._truth(each, scope) == decides:
                    return decides
            except Spent:
                raise
            except EvaluationError as problem:
                failed = failed or problem
        if failed is not None:
            raise failed
        return not decides

    def _macro(self, node: Macro, scope: Mapping[str, Any]) -> Any:
        over = self.value(node.over, scope)
        if not isinstance(over, (list, dict)):
            raise values.no_overload(node.kind)
        inner = dict(scope)
        if node.kind in ("all", "exists"):
            return self._quantified(node, list(over), inner)
        if node.kind == "exists_one":
            return sum(self._body(node, each, inner) for each in over) == 1
        found = []
        for each in over:
            inner[node.variable] = each
            if node.kind == "filter":
                if self._truth(node.body, inner):
                    found.append(each)
            elif node.filter is None or self._truth(node.filter, inner):
                found.append(self.value(node.body, inner))
        return found

    def _body(self, node: Macro, each: Any, inner: dict[str, Any]) -> bool:
        inner[node.variable] = each
        return self._truth(node.body, inner)

    def _quantified(self, node: Macro, over: list[Any], inner: dict[str, Any]) -> bool:
        decides = node.kind == "exists"
        failed: EvaluationError | None = None
        for each in over:
            try:
                if self._body(node, each, inner) == decides:
                    return decides
            except Spent:
                raise
            except EvaluationError as problem:
                failed = failed or problem
        if failed is not None:
            raise failed
        return not decides


def _field(operand: Any, name: str) -> Any:
    if not isinstance(operand, dict):
        raise values.no_overload(name)
    for key in (name, unescaped(name)):
        if key in operand:
            return operand[key]
    raise EvaluationError(f"no such key: {name}")


def _maybe(operand: Any, name: str) -> Optional:
    try:
        return Optional(True, _field(operand, name))
    except EvaluationError:
        return Optional()


def _item(operand: Any, key: Any) -> Any:
    if isinstance(operand, list):
        if not values.is_number(key) or key % 1:
            raise values.no_overload("_[_]")
        if not 0 <= key < len(operand):
            raise EvaluationError(f"index out of bounds: {int(key)}")
        return operand[int(key)]
    if isinstance(operand, dict):
        if not isinstance(key, (str, int, float)):
            raise values.no_overload("_[_]")
        if key in operand:
            return operand[key]
        raise EvaluationError(f"no such key: {key}")
    raise values.no_overload("_[_]")


_RULES: Final[dict[type[Node], Callable[[Evaluator, Any, Mapping[str, Any]], Any]]] = {
    Literal: Evaluator._literal,
    Ident: Evaluator._ident,
    Select: Evaluator._select,
    Index: Evaluator._index,
    Items: Evaluator._items,
    Call: Evaluator._call,
    Macro: Evaluator._macro,
}
