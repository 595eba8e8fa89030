"""The walk along an object's types: the checks of each field, what is inside of it, then the rule of the struct.

The selector of a workload is looked at before its template, as Kubernetes does (`rules_workloads.FIRST`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from hythe.kube.objects.schema import gotypes
from hythe.kube.objects.schema.gotypes import Type
from hythe.kube.objects.schema.validation import (
    rules_autoscaling,
    rules_cluster,
    rules_containers,
    rules_network,
    rules_pods,
    rules_policy,
    rules_services,
    rules_storage,
    rules_volumes,
    rules_workloads,
)
from hythe.kube.objects.schema.validation.checks import Check, compile_words
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.types import Object

Rule = Callable[[Object, str, Report], None]
_API: Final = "io.k8s.api."
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
RULES: Final[dict[str, Rule]] = {
    **rules_pods.RULES,
    **rules_containers.RULES,
    **rules_volumes.RULES,
    **rules_workloads.RULES,
    **rules_services.RULES,
    **rules_network.RULES,
    **rules_storage.RULES,
    **rules_policy.RULES,
    **rules_autoscaling.RULES,
    **rules_cluster.RULES,
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is looked at in a struct: (JSON name, checks, shape of what it holds, struct held) for each field."""

    before: Rule | None
    fields: tuple[tuple[str, tuple[Check, ...], str, str], ...]
    rule: Rule | None


def check(obj: Object, name: str, path: str, report: Report, *, skip: Iterable[str] = ()) -> None:
    """Look at `obj`, which is a struct of that name and stands at `path`; the fields in `skip` are left out."""
    plan = _plan(name)
    if plan.before:
        plan.before(obj, path, report)
    for key, checks, shape, inner in plan.fields:
        if key not in skip:
            _field(obj.get(key), f"{path}.{key}" if path else key, checks, shape, inner, report)
    if plan.rule:
        plan.rule(obj, path, report)


def _field(value: Any, path: str, checks: tuple[Check, ...], shape: str, inner: str, report: Report) -> None:
    # The first check that fails ends the line: what is not there has no form.
    all(one(value, path, report) for one in checks)
    if not inner or value is None:
        return
    if shape == "struct":
        check(value, inner, path, report)
    elif shape == "list":
        for index, one in enumerate(value):
            check(one, inner, f"{path}[{index}]", report)
    else:
        for key, one in value.items():
            check(one, inner, f"{path}[{key}]", report)


def full(name: str) -> str:
    return name if name.startswith("io.k8s.") else _API + name


@cache
def _checks() -> dict[str, dict[str, tuple[Check, ...]]]:
    text = resources.files(__package__).joinpath("checks.toml").read_text(encoding="utf-8")
    said = tomllib.loads(text)
    return {
        full(name): {key: tuple(compile_words(words)) for key, words in lines.items()}
        for name, lines in said.items()
    }


@cache
def _rules() -> dict[str, Rule]:
    return {full(name): rule for name, rule in RULES.items()}


@cache
def _first() -> dict[str, Rule]:
    return {full(name): rule for name, rule in rules_workloads.FIRST.items()}


@cache
def _plan(name: str) -> _Plan:
    known, found = _checks().get(name, {}), []
    left_out = {full(kind): keys for kind, keys in rules_workloads.LEFT_OUT.items()}.get(name, ())
    for key, field in gotypes.struct(name).fields.items():
        if key in left_out:
            continue
        shape, inner = _held(field.type)
        inner = inner if inner and inner != _META and _leads_somewhere(inner) else ""
        if key in known or inner:
            found.append((key, known.get(key, ()), shape, inner))
    return _Plan(_first().get(name), tuple(found), _rules().get(name))


def _held(kind: Type) -> tuple[str, str]:
    if kind.sort in ("list", "map") and kind.item:
        return kind.sort, kind.item.name if kind.item.sort == "struct" else ""
    return "struct", kind.name if kind.sort == "struct" else ""


@cache
def _leads_somewhere(name: str) -> bool:
    """Whether there is something to look at in the struct, or in one that it holds."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current in _checks() or current in _rules():
            return True
        if current not in seen:
            seen.add(current)
            held = [_held(field.type)[1] for field in gotypes.struct(current).fields.values()]
            todo += [inner for inner in held if inner and inner != _META]
    return False
