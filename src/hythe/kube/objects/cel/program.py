"""An expression that has been checked and can be evaluated many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hythe.kube.objects.cel.checking import check
from hythe.kube.objects.cel.evaluation import Evaluator
from hythe.kube.objects.cel.parser import parse
from hythe.kube.objects.cel.syntax import Call, CompileError, Ident, Index, Items, Macro, Node, Select
from hythe.kube.objects.cel.types import Type


@dataclass(frozen=True, slots=True)
class Program:
    """`result` is the type it was checked to have, `cost` the estimate of the most it can cost."""

    text: str
    node: Node
    result: Type
    cost: float

    def evaluate(self, scope: Mapping[str, Any], evaluator: Evaluator) -> Any:
        """Its value. Raises `EvaluationError`."""
        return evaluator.value(self.node, scope)

    def uses(self, name: str) -> bool:
        """Whether a name of the scope is mentioned."""
        return _uses(self.node, name)


def compile_(text: str, scope: Mapping[str, Type]) -> Program:
    """Raises `CompileError`."""
    node = parse(text)
    found = check(node, scope)
    return Program(text, node, found.type, found.cost)


def _uses(node: Node | None, name: str) -> bool:
    if isinstance(node, Ident):
        return node.name == name
    if isinstance(node, Select):
        return _uses(node.operand, name)
    if isinstance(node, Index):
        return _uses(node.operand, name) or _uses(node.index, name)
    if isinstance(node, Call):
        return any(_uses(each, name) for each in (node.target, *node.args))
    if isinstance(node, Items):
        return any(_uses(each, name) for each in (*node.values, *(node.keys or ())))
    if isinstance(node, Macro):
        inside = node.variable != name and (_uses(node.body, name) or _uses(node.filter, name))
        return _uses(node.over, name) or inside
    return False


__all__ = ["CompileError", "Program", "compile_"]
