"""What is refused before it is evaluated, where it stands in the text, and what a rule may cost at most."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects.cel.program import CompileError, Program, compile_
from hythe.kube.objects.cel.types import of_schema

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "min": {"type": "integer"},
        "name": {"type": "string", "maxLength": 10},
        "list": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "string"}}}},
        "short": {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 5}},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "any": {"x-kubernetes-int-or-string": True},
        "when": {"type": "string", "format": "date-time"},
        "a-b": {"type": "number"},
    },
}


def compiled(text: str) -> Program:
    return compile_(text, {"self": of_schema(SCHEMA), "oldSelf": of_schema(SCHEMA)})


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("self.min + 1", "int"),
        ("self.name + 'x'", "string"),
        ("self.list.map(l, l.x)", "list(string)"),
        ("self.map['k']", "int"),
        ("self.map.k", "int"),
        ("self.any", "dyn"),
        ("self.any == 'x' || self.any == 1", "bool"),
        ("self.when < timestamp('2026-01-01T00:00:00Z')", "bool"),
        ("self.a__dash__b", "double"),
        ("has(self.name) ? self.name : 'x'", "string"),
        ("self.short.filter(s, s != '')", "list(string)"),
        ("self.min == 1 ? 1 : 'x'", "dyn"),
        ("self.?name", "optional_type"),
    ],
)
def test_types(text: str, result: str) -> None:
    assert str(compiled(text).result) == result


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("self.foo", "ERROR: <input>:1:5: undefined field 'foo'\n | self.foo\n | ....^"),
        ("self.list.all(l, l.y)", "undefined field 'y'"),
        ("has(self.foo)", "undefined field 'foo'"),
        ("foo == 1", "undeclared reference to 'foo' (in container '')"),
        ("self.name.frobnicate()", "undeclared reference to 'frobnicate' (in container '')"),
        ("self.name.x", "type 'string' does not support field selection"),
        ("self.min == 'x'", "found no matching overload for '_==_' applied to '(int, string)'"),
        ("self.min + 1.0", "found no matching overload for '_+_' applied to '(int, double)'"),
        ("self.min && true", "found no matching overload for '_&&_' applied to '(int, bool)'"),
        ("self.name < 1", "found no matching overload for '_<_' applied to '(string, int)'"),
        ("self.min.all(x, true)", "cannot be range of a comprehension"),
        ("self.list.all(l, 1)", "found no matching overload"),
        ("self.min[0]", "found no matching overload for '_[_]'"),
        ("self.min >", "Syntax error: mismatched input '<EOF>'"),
        ("self.min ==== 1", "Syntax error"),
        (
            "self.min\n  = 1",
            "ERROR: <input>:2:3: Syntax error: token recognition error at: '='\n |   = 1\n | ..^",
        ),
        ("'abc", "Syntax error"),
        ("if", "Syntax error: reserved identifier: if"),
        ("has(x)", "invalid argument to has() macro"),
        ("self.list.all(1, true)", "argument must be a simple name"),
        ("9223372036854775808", "invalid int literal"),
        ("(" * 100 + "1" + ")" * 100, "expression recursion limit exceeded"),
        ("-" * 100 + "x", "expression recursion limit exceeded"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(CompileError) as problem:
        compiled(text)
    assert message in problem.value.shown(text)


def test_estimates_grow_with_what_is_not_limited() -> None:
    limit = 10_000_000
    assert compiled("self.short.all(s, s.startsWith('a'))").cost < 200
    assert compiled("self.list.all(l, l.x == 'a')").cost > limit
    assert compiled("self.short.all(a, self.short.all(b, a == b))").cost < limit
    assert compiled("self.list.all(a, self.list.all(b, true))").cost > 100 * limit


def test_what_is_mentioned() -> None:
    assert compiled("self.min >= oldSelf.min").uses("oldSelf")
    assert not compiled("self.list.all(oldSelf, oldSelf.x == '')").uses("oldSelf")
