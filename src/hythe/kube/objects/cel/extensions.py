"""Kubernetes' own functions for CEL: lists, texts, regular expressions, quantities, sets, optionals.

Source: apiserver, pkg/cel/library; cel-go, ext/strings.go and ext/sets.go.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from hythe.errors import InvalidArgument
from hythe.kube.objects import quantity
from hythe.kube.objects.cel import values
from hythe.kube.objects.cel.library import Function, add, on_texts, pattern, tests
from hythe.kube.objects.cel.network import NETWORK
from hythe.kube.objects.cel.values import Duration, EvaluationError, Optional, no_overload
from hythe.kube.objects.quantity import Quantity

_LARGEST_TEXT: Final = 10 * 2**20


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise no_overload(name)
    return value


def is_sorted(value: Any) -> bool:
    members = _list(value, "isSorted")
    return all(values.compare(*pair) <= 0 for pair in pairwise(members))


def total(value: Any) -> Any:
    members = _list(value, "sum")
    result = members[0] if members else 0
    if not (values.is_number(result) or isinstance(result, Duration)):
        raise no_overload("sum")
    for each in members[1:]:
        result = add(result, each)
    return result


def _extreme(name: str, sign: int) -> Function:
    def extreme(value: Any) -> Any:
        members = _list(value, name)
        if not members:
            raise EvaluationError(f"{name} called on empty list")
        best = members[0]
        for each in members[1:]:
            if values.compare(each, best) == sign:
                best = each
        return best

    return extreme


def index_of(value: Any, wanted: Any, start: int = 0) -> int:
    if isinstance(value, str) and isinstance(wanted, str):
        return value.find(wanted, _place(value, start))
    return next((i for i, each in enumerate(_list(value, "indexOf")) if values.equal(each, wanted)), -1)


def last_index_of(value: Any, wanted: Any, end: int | None = None) -> int:
    if isinstance(value, str) and isinstance(wanted, str):
        return (
            value.rfind(wanted) if end is None else value.rfind(wanted, 0, _place(value, end) + len(wanted))
        )
    members = _list(value, "lastIndexOf")
    return next((i for i in range(len(members) - 1, -1, -1) if values.equal(members[i], wanted)), -1)


def _place(text: str, at: int) -> int:
    if not 0 <= at <= len(text):
        raise EvaluationError(f"index out of range: {at}")
    return at


def char_at(text: Any, at: Any) -> str:
    if not isinstance(text, str) or type(at) is not int:
        raise no_overload("charAt")
    return text[_place(text, at) : at + 1]


def substring(text: Any, start: Any, end: Any = None) -> str:
    if not isinstance(text, str) or type(start) is not int:
        raise no_overload("substring")
    last = len(text) if end is None else _place(text, end)
    if _place(text, start) > last:
        raise EvaluationError(f"invalid substring range. start: {start}, end: {last}")
    return text[start:last]


def replace(text: Any, old: Any, new: Any, most: Any = -1) -> str:
    if not all(isinstance(each, str) for each in (text, old, new)) or type(most) is not int:
        raise no_overload("replace")
    count = text.count(old) if most < 0 else min(most, text.count(old))
    _limited(len(text) + count * len(new))
    result: str = text.replace(old, new, most)
    return result


def _limited(size: int) -> None:
    """No text may be made that is much larger than any request."""
    if size > _LARGEST_TEXT:
        raise EvaluationError("operation cancelled: actual cost limit exceeded")


def split(text: Any, separator: Any, most: Any = -1) -> list[str]:
    if not isinstance(text, str) or not isinstance(separator, str) or type(most) is not int:
        raise no_overload("split")
    if most in (0, 1):
        return [text] if most else []
    if not separator:
        return (
            list(text)
            if most < 0
            else [*text[: most - 1], *([text[most - 1 :]] if len(text) >= most else [])]
        )
    return text.split(separator, most - 1 if most > 0 else -1)


def join(value: Any, separator: Any = "") -> str:
    members = _list(value, "join")
    if not all(isinstance(each, str) for each in members):
        raise no_overload("join")
    _limited(sum(map(len, members)) + len(members) * len(str(separator)))
    return str(separator).join(members)


def find_all(text: Any, regex: Any, most: Any = -1) -> list[str]:
    if not isinstance(text, str) or not isinstance(regex, str):
        raise no_overload("findAll")
    found = [match[0] for match in pattern(regex).finditer(text)]
    return found if most < 0 else found[:most]


def find(text: str, regex: str) -> str:
    match = pattern(regex).search(text)
    return match[0] if match else ""


def _lower(text: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _upper(text: str) -> str:
    return "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text)


def to_quantity(value: Any) -> Quantity:
    if isinstance(value, Quantity):
        return value
    if type(value) is int:
        return Quantity(value * quantity.NANO)
    if not isinstance(value, str):
        raise no_overload("quantity")
    try:
        return quantity.parse(value)
    except InvalidArgument as problem:
        raise EvaluationError(problem.message) from problem


def _of_quantity(function: Callable[..., Any]) -> Function:
    def checked(one: Any, *others: Any) -> Any:
        if not isinstance(one, Quantity):
            raise no_overload("quantity")
        return function(one, *(to_quantity(each) for each in others))

    return checked


def _as_integer(value: Quantity) -> int:
    if value.nano % quantity.NANO or not -(2**63) <= value.nano // quantity.NANO < 2**63:
        raise EvaluationError("cannot convert value to integer")
    return value.nano // quantity.NANO


def _sets(name: str, function: Callable[[list[Any], list[Any]], bool]) -> Function:
    return lambda one, other: function(_list(one, name), _list(other, name))


def _has(members: list[Any], wanted: Any) -> bool:
    return any(values.equal(each, wanted) for each in members)


EXTENSIONS: Final[dict[str, Function]] = {
    **NETWORK,
    "isSorted": is_sorted, "sum": total, "min": _extreme("min", -1), "max": _extreme("max", 1),
    "indexOf": index_of, "lastIndexOf": last_index_of,
    "charAt": char_at, "substring": substring, "replace": replace, "split": split, "join": join,
    "lowerAscii": on_texts("lowerAscii", _lower), "upperAscii": on_texts("upperAscii", _upper),
    "trim": on_texts("trim", str.strip), "reverse": on_texts("reverse", lambda text: text[::-1]),
    "find": on_texts("find", find), "findAll": find_all,
    "quantity": to_quantity, "isQuantity": tests("isQuantity", to_quantity),
    "sign": _of_quantity(lambda one: (one.nano > 0) - (one.nano < 0)),
    "add": _of_quantity(lambda one, other: one + other), "sub": _of_quantity(lambda one, other: one - other),
    "isGreaterThan": _of_quantity(lambda one, other: one > other),
    "isLessThan": _of_quantity(lambda one, other: one < other),
    "compareTo": _of_quantity(lambda one, other: (one > other) - (one < other)),
    "isInteger": _of_quantity(lambda one: one.nano % quantity.NANO == 0 and abs(one.nano) < 2**63 * quantity.NANO),
    "asInteger": _of_quantity(_as_integer),
    "asApproximateFloat": _of_quantity(lambda one: one.nano / quantity.NANO),
    "sets.contains": _sets("sets.contains", lambda one, other: all(_has(one, each) for each in other)),
    "sets.intersects": _sets("sets.intersects", lambda one, other: any(_has(one, each) for each in other)),
    "sets.equivalent": _sets(
        "sets.equivalent",
        lambda one, other: all(_has(one, each) for each in other) and all(_has(other, each) for each in one),
    ),
    "optional.of": lambda value: Optional(True, value),
    "optional.ofNonZeroValue": lambda value: Optional(True, value) if value else Optional(),
    "optional.none": lambda: Optional(),
}  # fmt: skip
