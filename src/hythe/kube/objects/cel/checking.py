"""Checks an expression before it is evaluated: names, fields, functions, types; and estimates its highest cost.

Types are followed as far as they are known; where they are not (`dyn`), evaluation decides. The estimate multiplies
what is inside a macro by the most members that the list or map can have, which is what makes rules over unbounded
lists of unbounded lists too expensive to be taken.

Source: cel-go, checker/; apiserver, pkg/cel/library/cost.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from hythe.kube.objects.cel.evaluation import KNOWN, NAMESPACES, qualified, unescaped
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
from hythe.kube.objects.cel.types import BOOL, DYN, INT, TEXT, Type, list_of, plain
from hythe.kube.objects.cel.values import type_name

Scope = Mapping[str, Type]

_NUMBERS: Final = ("int", "uint", "double")
_ORDERED: Final = ("_<_", "_<=_", "_>_", "_>=_")
_SUMS: Final = ("_+_", "_-_", "_*_", "_/_", "_%_")
_BOOLEANS: Final = frozenset(
    "_==_ _!=_ @in startsWith endsWith contains matches isSorted isQuantity isInteger isGreaterThan isLessThan isIP "
    "isCIDR isURL isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast ip.isCanonical "
    "containsIP containsCIDR sets.contains sets.intersects sets.equivalent hasValue bool".split()
)
_INTEGERS: Final = frozenset(
    "size int indexOf lastIndexOf sign compareTo asInteger family prefixLength getFullYear getMonth getDate "
    "getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds".split()
)
_TEXTS: Final = frozenset(
    "string charAt substring replace join lowerAscii upperAscii trim reverse find getScheme getHost getHostname "
    "getPort getEscapedPath".split()
)
_LONG: Final = ("string", "bytes", "list", "map")


class Checked(NamedTuple):
    """The type of an expression, and what it may cost at most."""

    type: Type
    cost: float


def check(node: Node, scope: Scope) -> Checked:
    """Raises `CompileError` for what can never have a value."""
    if isinstance(node, Literal):
        return Checked(_of_literal(node), 0)
    if isinstance(node, Ident):
        return Checked(_of_name(node, scope), 1)
    if isinstance(node, Select):
        operand = check(node.operand, scope)
        return Checked(_of_field(node, operand.type), operand.cost + 1)
    if isinstance(node, Index):
        return _of_index(node, scope)
    if isinstance(node, Items):
        return _of_items(node, scope)
    return _of_macro(node, scope) if isinstance(node, Macro) else _of_call(_call(node), scope)


def _call(node: Node) -> Call:
    assert isinstance(node, Call)
    return node


def _of_literal(node: Literal) -> Type:
    name = type_name(node.value)
    return Type(name, most=len(node.value)) if isinstance(node.value, (str, bytes)) else plain(name)


def _of_name(node: Ident, scope: Scope) -> Type:
    if node.name in scope:
        return scope[node.name]
    if node.name in ("int", "uint", "double", "string", "bytes", "bool", "list", "map", "null_type"):
        return plain("type")
    raise CompileError(f"undeclared reference to '{node.name}' (in container '')", node.at)


def _of_field(node: Select, operand: Type) -> Type:
    if operand.name in ("dyn", "optional_type"):
        return BOOL if node.test else DYN
    if operand.name == "map":
        found = operand.element or DYN
    elif operand.name == "object":
        known = operand.fields.get(node.field) or operand.fields.get(unescaped(node.field))
        if known is None:
            raise CompileError(f"undefined field '{node.field}'", node.at)
        found = known
    else:
        raise CompileError(f"type '{operand}' does not support field selection", node.at)
    return BOOL if node.test else plain("optional_type") if node.optional else found


def _of_index(node: Index, scope: Scope) -> Checked:
    operand, index = check(node.operand, scope), check(node.index, scope)
    if operand.type.name not in ("dyn", "list", "map", "optional_type"):
        raise _no_overload(node.at, "_[_]", operand.type, index.type)
    found = plain("optional_type") if node.optional else operand.type.element or DYN
    return Checked(found, operand.cost + index.cost + 1)


def _of_items(node: Items, scope: Scope) -> Checked:
    parts = [check(each, scope) for each in (*node.values, *(node.keys or ()))]
    members = {str(each.type) for each in parts[: len(node.values)]}
    element = parts[0].type if len(members) == 1 else DYN
    cost = sum(each.cost for each in parts) + (10 if node.keys is None else 30)
    if node.keys is None:
        return Checked(list_of(element, max(len(node.values), 1)), cost)
    return Checked(Type("map", element, most=len(node.values)), cost)


def _no_overload(at: int, name: str, *types: Type) -> CompileError:
    listed = ", ".join(str(each) for each in types)
    return CompileError(f"found no matching overload for '{name}' applied to '({listed})'", at)


def _of_macro(node: Macro, scope: Scope) -> Checked:
    over = check(node.over, scope)
    if over.type.name not in ("dyn", "list", "map"):
        message = f"expression of type '{over.type}' cannot be range of a comprehension (must be list, map, or dynamic)"
        raise CompileError(message, node.over.at)
    element = (
        over.type.element or DYN if over.type.name == "list" else TEXT if over.type.name == "map" else DYN
    )
    inner = {**scope, node.variable: element}
    body = check(node.body, inner)
    chosen = check(node.filter, inner) if node.filter is not None else Checked(BOOL, 0)
    judged = body.type if node.kind != "map" else chosen.type
    if judged.name not in ("bool", "dyn"):
        raise _no_overload(node.body.at, "_&&_", BOOL, judged)
    many = over.type.most or list_of(DYN).most
    cost = over.cost + many * (body.cost + chosen.cost + 2)
    if node.kind in ("all", "exists", "exists_one"):
        return Checked(BOOL, cost)
    return Checked(list_of(body.type if node.kind == "map" else element, many), cost)


def _of_call(node: Call, scope: Scope) -> Checked:
    name = qualified(node) or node.function
    logical = name in ("_&&_", "_||_", "!_", "_?_:_")
    if not logical and name not in KNOWN:
        raise CompileError(f"undeclared reference to '{name}' (in container '')", node.at)
    receivers = () if node.target is None or "." in name else (node.target,)
    if isinstance(node.target, Ident) and node.target.name in NAMESPACES and "." not in name:
        raise CompileError(f"undeclared reference to '{node.target.name}' (in container '')", node.target.at)
    parts = [check(each, scope) for each in (*receivers, *node.args)]
    types = [each.type for each in parts]
    _check_operands(node, name, types)
    long = (
        sum(each.most for each in types if each.name in _LONG) if name not in ("size", "_?_:_", "type") else 0
    )
    return Checked(_result(name, types), sum(each.cost for each in parts) + 1 + long * 0.1)


def _check_operands(node: Call, name: str, types: list[Type]) -> None:
    """What is known to be impossible."""
    names = [each.name for each in types]
    if name in ("_&&_", "_||_", "!_") and any(each not in ("bool", "dyn") for each in names):
        raise _no_overload(node.at, name, *types)
    if name == "_?_:_" and names[0] not in ("bool", "dyn"):
        raise _no_overload(node.at, name, *types)
    if "dyn" in names or len(names) != 2:
        return
    one, other = names
    numeric = one in _NUMBERS and other in _NUMBERS
    if name in _ORDERED and not numeric and (one != other or one in ("list", "map", "object")):
        raise _no_overload(node.at, name, *types)
    if name in ("_==_", "_!=_") and one != other and not numeric and "null_type" not in names:
        raise _no_overload(node.at, name, *types)
    if name in _SUMS and one != other and not ({one, other} & {"google.protobuf.Duration"}):
        raise _no_overload(node.at, name, *types)
    if name in _SUMS and one in ("bool", "map", "object", "null_type"):
        raise _no_overload(node.at, name, *types)


def _result(name: str, types: list[Type]) -> Type:
    if name in _BOOLEANS or name in _ORDERED or name in ("_&&_", "_||_", "!_"):
        return BOOL
    if name in _INTEGERS:
        return INT
    if name in _TEXTS:
        return TEXT
    if name == "_?_:_":
        return types[1] if str(types[1]) == str(types[2]) else DYN
    if name in _SUMS or name == "-_":
        first = types[0]
        if name == "_+_" and first.name in _LONG:
            return Type(first.name, first.element, most=sum(each.most for each in types))
        return first if str(first) == str(types[-1]) else DYN
    return {"double": plain("double"), "uint": plain("uint"), "bytes": plain("bytes")}.get(name, DYN)
