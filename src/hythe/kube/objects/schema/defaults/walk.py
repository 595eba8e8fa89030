"""The walk along an object's types, filling in what is missing."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from hythe.kube.objects.schema import gotypes
from hythe.kube.objects.schema.defaults import rules_core, rules_workloads
from hythe.kube.objects.schema.gotypes import Type
from hythe.kube.objects.types import GroupVersionKind, Object

Rule = Callable[[Object], None]
_API: Final = "io.k8s.api."
RULES: Final[dict[str, Rule]] = {**rules_core.RULES, **rules_workloads.RULES}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is done with a struct: its own rule, its constants, then its fields; `shape` is struct, list or map."""

    rule: Rule | None
    constants: Object
    fields: tuple[tuple[str, str, str], ...]  # (JSON name, shape, name of the struct)


def fill(obj: Object, gvk: GroupVersionKind) -> None:
    """Fill in the defaults of a built-in kind, in place."""
    struct = gotypes.of_kind(gvk)
    if struct is not None and _leads_somewhere(struct.name):
        _fill(obj, struct.name)


def _fill(obj: Object, name: str) -> None:
    plan = _plan(name)
    if plan.rule:
        plan.rule(obj)
    for key, value in plan.constants.items():
        if obj.get(key) is None or (obj[key] == "" and value):
            obj[key] = copy.copy(value)
    for key, shape, inner in plan.fields:
        held = obj.get(key)
        if held is not None:
            for one in _structs(held, shape):
                _fill(one, inner)


def _structs(held: Any, shape: str) -> Iterable[Object]:
    if shape == "struct":
        return (held,)
    structs: Iterable[Object] = held.values() if shape == "map" else held
    return structs


@cache
def _constants() -> dict[str, Object]:
    text = resources.files(__package__).joinpath("defaults.toml").read_text(encoding="utf-8")
    return {_full(name): values for name, values in tomllib.loads(text).items()}


@cache
def _rules() -> dict[str, Rule]:
    return {_full(name): rule for name, rule in RULES.items()}


def _full(name: str) -> str:
    return name if name.startswith("io.k8s.") else _API + name


@cache
def _plan(name: str) -> _Plan:
    fields = tuple(
        (key, shape, inner)
        for key, field in gotypes.struct(name).fields.items()
        for shape, inner in [_held(field.type)]
        if inner and _leads_somewhere(inner)
    )
    return _Plan(_rules().get(name), _constants().get(name, {}), fields)


def _held(kind: Type) -> tuple[str, str]:
    """The shape of what holds structs, and their name; an empty name for what holds none."""
    if kind.sort in ("list", "map") and kind.item:
        return kind.sort, kind.item.name if kind.item.sort == "struct" else ""
    return "struct", kind.name if kind.sort == "struct" else ""


@cache
def _leads_somewhere(name: str) -> bool:
    """Whether the struct, or one that it holds, has a default."""
    return any(inner in _constants() or inner in _rules() for inner in _reached(name))


def _reached(name: str) -> set[str]:
    seen: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            held: list[tuple[str, Any]] = [
                _held(field.type) for field in gotypes.struct(current).fields.values()
            ]
            todo += [inner for _, inner in held if inner]
    return seen
