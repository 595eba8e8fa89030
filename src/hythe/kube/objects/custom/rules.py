"""The rules in CEL of a custom resource's schema (`x-kubernetes-validations`): compiled, and applied to objects.

Each rule stands at a node of the schema and is evaluated for every value there; `self` is the value, `oldSelf` what
stood in its place before, where that can be told: fields by name, members of list maps by their keys. A rule that
mentions `oldSelf` is not evaluated where there is none, unless it says that it can do without (`optionalOldSelf`);
one that does not is not evaluated of what an update leaves as it was.
An object may use so many steps in all; a schema's rules are estimated before and refused when they are too expensive.

Source: Kubernetes, "Validation rules"; apiextensions, pkg/apiserver/schema/cel and
pkg/apis/apiextensions/validation/validation.go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hythe.kube.objects import problems
from hythe.kube.objects.cel.adapting import adapted
from hythe.kube.objects.cel.evaluation import Evaluator, Spent
from hythe.kube.objects.cel.program import CompileError, Program, compile_
from hythe.kube.objects.cel.types import Type, list_of, of_schema, plain
from hythe.kube.objects.cel.values import EvaluationError, Optional, equal
from hythe.kube.objects.status import Cause
from hythe.kube.objects.types import Object

RULES: Final = "x-kubernetes-validations"
STEPS: Final = 200_000
"""How many steps all rules of one object may take."""
_MAX_COST: Final = 10_000_000
_ABSENT: Final = object()
_REASONS: Final = {
    "FieldValueRequired": problems.required,
    "FieldValueForbidden": problems.forbidden,
}


class Rules:
    """The compiled rules of one schema; made once for each version of a definition."""

    def __init__(self, schema: Object) -> None:
        self._schema = schema
        self._root = _Node(schema, root=True)

    def __bool__(self) -> bool:
        return self._root.needed

    def check(self, obj: Object, old: Object | None = None) -> list[Cause]:
        """What the rules have against an object that replaces `old`."""
        if not self._root.needed:
            return []
        evaluator = Evaluator(STEPS)
        before = _ABSENT if old is None else adapted(old, self._schema)
        try:
            return list(self._root.check(adapted(obj, self._schema), before, "", evaluator))
        except Spent:
            said = (
                "validation failed due to running out of cost budget, no further validation rules will be run"
            )
            return [problems.invalid("<nil>", "object", said)]


class _Rule:
    """One rule."""

    def __init__(self, said: Object, schema: Object, *, root: bool) -> None:
        self.said = said
        kind = of_schema(schema, root=root)
        old = plain("optional_type") if said.get("optionalOldSelf") else kind
        self.program = compile_(said["rule"], {"self": kind, "oldSelf": old})
        self.of_change = self.program.uses("oldSelf")
        self.message = _compiled_message(said, {"self": kind, "oldSelf": old})

    def check(self, value: Any, old: Any, kind: str, path: str, evaluator: Evaluator) -> Iterator[Cause]:
        optional = bool(self.said.get("optionalOldSelf"))
        if self.of_change and old is _ABSENT and not optional:
            return
        if not self.of_change and old is not _ABSENT and equal(value, old):
            return
        scope = {"self": value, "oldSelf": old}
        if optional:
            scope["oldSelf"] = Optional() if old is _ABSENT else Optional(True, old)
        try:
            good = self.program.evaluate(scope, evaluator)
        except Spent:
            raise
        except EvaluationError as problem:
            yield problems.invalid(path or "<nil>", kind, _failure(str(problem), self.said))
            return
        if good is not True:
            yield self._cause(scope, kind, path, evaluator)

    def _cause(self, scope: Mapping[str, Any], kind: str, path: str, evaluator: Evaluator) -> Cause:
        where = f"{path}{self.said.get('fieldPath') or ''}".removeprefix(".") or "<nil>"
        text = self._text(scope, evaluator)
        reason = self.said.get("reason")
        if reason in _REASONS:
            return _REASONS[reason](where, text)
        if reason == "FieldValueDuplicate":
            return problems.duplicate(where, kind)
        return problems.invalid(where, kind, text)

    def _text(self, scope: Mapping[str, Any], evaluator: Evaluator) -> str:
        if self.message is not None:
            try:
                found = self.message.evaluate(scope, evaluator)
            except EvaluationError:
                found = ""
            if isinstance(found, str) and found.strip() and "\n" not in found:
                return found.strip()
        message: str = self.said.get("message") or f"failed rule: {self.said['rule'].strip()}"
        return message.strip()


def _failure(problem: str, said: Object) -> str:
    rule = (said.get("message") or said["rule"]).strip()
    if problem.startswith("no such overload"):
        wrong = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{problem}': {wrong}: {rule}"
    return f"{problem} evaluating rule: {rule}"


def _compiled_message(said: Object, scope: Mapping[str, Type]) -> Program | None:
    return compile_(said["messageExpression"], scope) if said.get("messageExpression") else None


class _Node:
    """A node of the schema: its rules, and the nodes below it that have some."""

    def __init__(self, schema: Object, *, root: bool = False) -> None:
        self.kind = str(schema.get("type", ""))
        self.rules = [_Rule(each, schema, root=root) for each in schema.get(RULES) or []]
        self.keys: tuple[str, ...] = tuple(schema.get("x-kubernetes-list-map-keys") or ())
        self.by_key = schema.get("x-kubernetes-list-type") == "map"
        self.atomic = schema.get("x-kubernetes-map-type") == "atomic"
        self.below = {name: _Node(each) for name, each in schema.get("properties", {}).items()}
        self.below = {name: node for name, node in self.below.items() if node.needed}
        more = schema.get("additionalProperties")
        inner = more if isinstance(more, dict) else schema.get("items")
        self.inner = _Node(inner) if isinstance(inner, dict) else None
        if self.inner is not None and not self.inner.needed:
            self.inner = None

    @property
    def needed(self) -> bool:
        return bool(self.rules or self.below or self.inner)

    def check(self, value: Any, old: Any, path: str, evaluator: Evaluator) -> Iterator[Cause]:
        if value is None:
            return
        before = _ABSENT if old is None else old
        for rule in self.rules:
            yield from rule.check(value, before, self.kind, path, evaluator)
        if isinstance(value, dict):
            had = before if isinstance(before, dict) and not self.atomic else {}
            for name, each in value.items():
                node = self.below.get(name, self.inner)
                if node is not None:
                    yield from node.check(
                        each, had.get(name, _ABSENT), f"{path}.{name}".removeprefix("."), evaluator
                    )
        elif isinstance(value, list) and self.inner is not None:
            members = self._named(before)
            for index, each in enumerate(value):
                was = members.get(self._name(each), _ABSENT)
                yield from self.inner.check(each, was, f"{path}[{index}]", evaluator)

    def _named(self, old: Any) -> dict[str, Any]:
        """The old members of a list map, by their keys."""
        return {self._name(each): each for each in old} if self.by_key and isinstance(old, list) else {}

    def _name(self, member: Any) -> str:
        if not self.by_key or not isinstance(member, dict):
            return ""
        return json.dumps([member.get(key) for key in self.keys], default=str)


def check_schema(schema: Object, path: str, *, root: bool = True, many: float = 1) -> Iterator[Cause]:
    """What is wrong with the rules of a schema; `many` is how many values of this node an object can have."""
    for index, said in enumerate(schema.get(RULES) or []):
        yield from _check_rule(said, schema, f"{path}.{RULES}[{index}]", root, many)
    for name, each in schema.get("properties", {}).items():
        yield from check_schema(each, f"{path}.properties[{name}]", root=False, many=many)
    for key in ("additionalProperties", "items"):
        inner = schema.get(key)
        if isinstance(inner, dict):
            limit = schema.get("maxItems" if key == "items" else "maxProperties")
            most = limit if limit is not None else list_of(of_schema(inner)).most
            yield from check_schema(inner, f"{path}.{key}", root=False, many=min(many * most, 3 * 2**20))
    for key in ("allOf", "anyOf", "oneOf"):
        for index, each in enumerate(schema.get(key) or []):
            if each.get(RULES):
                yield problems.forbidden(f"{path}.{key}[{index}].{RULES}", "must be empty to be structural")


def _check_rule(said: Object, schema: Object, path: str, root: bool, many: float) -> Iterator[Cause]:
    text = said.get("rule", "")
    if not text.strip():
        yield problems.required(f"{path}.rule", "rule is not specified")
        return
    message = said.get("message")
    if message and "\n" in message.strip():
        yield problems.invalid(f"{path}.message", message, "must not contain line breaks")
    if "\n" in text.strip() and not message:
        yield problems.required(f"{path}.message", "message must be specified if rule contains line breaks")
    try:
        rule = _Rule(said, schema, root=root)
    except CompileError as problem:
        key, source = _which(said, schema, root)
        what = "compilation failed" if key == "rule" else "messageExpression compilation failed"
        yield problems.invalid(f"{path}.{key}", _as_go(said), f"{what}: {problem.shown(source)}")
        return
    yield from _check_result(rule, said, path, many)


def _which(said: Object, schema: Object, root: bool) -> tuple[str, str]:
    """Which of the two expressions of a rule is the bad one."""
    try:
        _Rule({**said, "messageExpression": ""}, schema, root=root)
    except CompileError:
        return "rule", said["rule"]
    return "messageExpression", said["messageExpression"]


def _check_result(rule: _Rule, said: Object, path: str, many: float) -> Iterator[Cause]:
    if rule.program.result.name not in ("bool", "dyn"):
        yield problems.invalid(f"{path}.rule", _as_go(said), "cel expression must evaluate to a bool")
    if rule.message is not None and rule.message.result.name not in ("string", "dyn"):
        detail = "messageExpression must evaluate to a string"
        yield problems.invalid(f"{path}.messageExpression", _as_go(said), detail)
    if said.get("optionalOldSelf") and not rule.of_change:
        yield problems.invalid(
            f"{path}.optionalOldSelf", True, "may not be set if oldSelf is not used in rule"
        )
    factor = rule.program.cost * many / _MAX_COST
    if factor > 1:
        shown = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
        yield problems.forbidden(
            f"{path}.rule",
            f"estimated rule cost exceeds budget by factor of {shown} (try simplifying the rule, or adding maxItems, "
            "maxProperties, and maxLength where arrays, maps, and strings are declared)",
        )


def _as_go(said: Object) -> Object:
    """A rule as Kubernetes prints it."""
    return {
        "Rule": said.get("rule", ""),
        "Message": said.get("message", ""),
        "MessageExpression": said.get("messageExpression", ""),
        "Reason": said.get("reason"),
        "FieldPath": said.get("fieldPath", ""),
        "OptionalOldSelf": said.get("optionalOldSelf"),
    }
