"""Rules in CEL on custom objects: what they say, of what, and when."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects.custom.rules import RULES, Rules, check_schema


def rule(text: str, **more: Any) -> dict[str, Any]:
    return {"rule": text, **more}


def schema(*rules: dict[str, Any], root: Any = (), **properties: Any) -> dict[str, Any]:
    """A root whose `spec` has rules, and whose own are `root`."""
    known = {
        "min": {"type": "integer"},
        "max": {"type": "integer"},
        "name": {"type": "string", "maxLength": 20},
        "ratio": {"type": "number"},
        **properties,
    }
    spec = {"type": "object", "properties": known, RULES: list(rules)}
    return {"type": "object", "properties": {"spec": spec}, RULES: list(root)}


def said(given: dict[str, Any], spec: Any, old: Any = None) -> list[str]:
    before = None if old is None else {"spec": old}
    obj = {"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "one"}, "spec": spec}
    return [str(cause) for cause in Rules(given).check(obj, before)]


def test_a_rule_that_holds_and_one_that_does_not() -> None:
    given = schema(rule("self.min <= self.max"))
    assert said(given, {"min": 1, "max": 2}) == []
    assert said(given, {"min": 3, "max": 2}) == [
        'spec: Invalid value: "object": failed rule: self.min <= self.max'
    ]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"message": "too small "}, 'spec: Invalid value: "object": too small'),
        (
            {"messageExpression": "'at least ' + string(self.min)"},
            'spec: Invalid value: "object": at least 3',
        ),
        ({"messageExpression": "string(self.min / 0)", "message": "m"}, 'spec: Invalid value: "object": m'),
        ({"message": "m", "fieldPath": ".max"}, 'spec.max: Invalid value: "object": m'),
        ({"message": "m", "reason": "FieldValueForbidden"}, "spec: Forbidden: m"),
        ({"message": "m", "reason": "FieldValueRequired"}, "spec: Required value: m"),
        ({"message": "m", "reason": "FieldValueDuplicate"}, 'spec: Duplicate value: "object"'),
    ],
)
def test_messages(more: dict[str, Any], message: str) -> None:
    assert said(schema(rule("self.min <= self.max", **more)), {"min": 3, "max": 2}) == [message]


def test_errors_of_evaluation() -> None:
    assert said(schema(rule("self.min <= self.max")), {"min": 1}) == [
        'spec: Invalid value: "object": no such key: max evaluating rule: self.min <= self.max'
    ]
    dynamic = schema(rule("self.any < 5"), any={"x-kubernetes-int-or-string": True})
    [text] = said(dynamic, {"any": "x"})
    assert (
        "call arguments did not match a supported operator, function or macro signature for rule: self.any < 5"
        in text
    )


def test_rules_of_the_root_see_metadata() -> None:
    given = schema(root=[rule("self.metadata.name == 'one'"), rule("self.metadata.name.startsWith('z')")])
    assert said(given, {}) == [
        "<nil>: Invalid value: \"object\": failed rule: self.metadata.name.startsWith('z')"
    ]


def test_transitions() -> None:
    given = schema(rule("self.min >= oldSelf.min"), name={"type": "string", RULES: [rule("self == oldSelf")]})
    assert said(given, {"min": 1, "name": "a"}) == []
    assert said(given, {"min": 2, "name": "a"}, {"min": 1, "name": "a"}) == []
    assert said(given, {"min": 0, "name": "b"}, {"min": 1, "name": "a"}) == [
        'spec: Invalid value: "object": failed rule: self.min >= oldSelf.min',
        'spec.name: Invalid value: "string": failed rule: self == oldSelf',
    ]
    assert said(given, {"min": 1, "name": "b"}, {"min": 1}) == []


def test_what_an_update_leaves_as_it_was_is_not_looked_at_again() -> None:
    given = schema(rule("self.min <= self.max"), rule("self.max >= oldSelf.max"))
    bad = {"min": 3, "max": 2}
    assert said(given, bad) != [] and said(given, bad, bad) == []
    assert said(given, {**bad, "name": "x"}, bad) != []


def test_transitions_that_may_do_without() -> None:
    given = schema(rule("oldSelf.hasValue() || self.min == 1", optionalOldSelf=True))
    assert said(given, {"min": 1}) == [] and said(given, {"min": 2}, {"min": 1}) == []
    assert said(given, {"min": 2}) != []


def test_members_of_lists_and_maps() -> None:
    item = {
        "type": "object",
        "properties": {"n": {"type": "string"}, "v": {"type": "integer"}},
        RULES: [rule("self.v >= oldSelf.v")],
    }
    keyed = {
        "type": "array",
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["n"],
    }
    more = {"type": "object", "additionalProperties": {"type": "integer", RULES: [rule("self > 0")]}}
    given = schema(keyed=keyed, more=more)
    old = {"keyed": [{"n": "a", "v": 5}, {"n": "b", "v": 1}]}
    new = {"keyed": [{"n": "b", "v": 1}, {"n": "a", "v": 4}, {"n": "c", "v": 0}], "more": {"x": 1, "y": 0}}
    assert said(given, new, old) == [
        'spec.keyed[1]: Invalid value: "object": failed rule: self.v >= oldSelf.v',
        'spec.more.y: Invalid value: "integer": failed rule: self > 0',
    ]


def test_values_are_what_the_schema_says() -> None:
    times = {"type": "string", "format": "date-time"}
    spans = {"type": "string", "format": "duration"}
    text = "self.ratio < 1.5 && self.since < self.until && self.span > duration('1h')"
    given = schema(rule(text), since=times, until=times, span=spans)
    spec = {"ratio": 1, "since": "2026-01-01T00:00:00Z", "until": "2026-01-01T01:00:00+00:30", "span": "90m"}
    assert said(given, spec) == []


def test_nulls_and_absent_values_are_not_looked_at() -> None:
    given = schema(name={"type": "string", "nullable": True, RULES: [rule("self != 'x'")]})
    assert said(given, {"name": None}) == [] and said(given, {}) == [] and said(given, {"name": "x"}) != []


def test_endless_rules_are_ended() -> None:
    lists = {"type": "array", "items": {"type": "integer"}}
    given = schema(rule("self.l.all(a, self.l.all(b, self.l.all(c, a + b + c > 0)))"), l=lists)
    [text] = said(given, {"l": [1] * 200})
    assert "validation failed due to running out of cost budget" in text


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (rule("self.foo > 1"), "undefined field 'foo'"),
        (rule("self.min >"), "compilation failed: ERROR: <input>:1:11: Syntax error"),
        (rule("self.min"), "cel expression must evaluate to a bool"),
        (rule(""), "x-kubernetes-validations[0].rule: Required value: rule is not specified"),
        (rule("true", messageExpression="1"), "messageExpression must evaluate to a string"),
        (rule("true", messageExpression="'a"), "messageExpression: Invalid value"),
        (rule("true", message="a\nb"), "must not contain line breaks"),
        (rule("true\n|| false"), "message must be specified if rule contains line breaks"),
        (rule("true", optionalOldSelf=True), "may not be set if oldSelf is not used in rule"),
        (
            rule("self.l.all(a, self.l.all(b, a != b))"),
            "[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x",
        ),
    ],
)
def test_bad_rules(bad: dict[str, Any], message: str) -> None:
    given = schema(bad, l={"type": "array", "items": {"type": "string"}})
    found = [str(cause) for cause in check_schema(given, "schema")]
    assert len(found) == 1 and message in found[0], found


def test_good_rules() -> None:
    assert (
        list(check_schema(schema(rule("self.min <= self.max"), root=[rule("self.kind == 'X'")]), "schema"))
        == []
    )
