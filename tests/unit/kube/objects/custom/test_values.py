"""What custom objects may hold: pruning, defaults, and the messages of their schema."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects.custom import columns, formats, pruning, scale, values
from hythe.kube.objects.schema.decode import Undecodable
from hythe.kube.objects.status import ApiError
from tests.unit.kube.objects.custom.given_definitions import CRON, crontab, version

SCHEMA = version()["schema"]["openAPIV3Schema"]


def causes(value: Any, schema: dict[str, Any]) -> list[str]:
    return [str(cause) for cause in values.check(value, schema, "spec.x")]


def test_unknown_fields_go_and_are_told() -> None:
    obj = crontab(cronSpec="* * * * *", color="red", nested={"a": 1})
    kept, gone = pruning.pruned(obj, SCHEMA)
    assert kept == crontab(cronSpec="* * * * *") and gone == ["spec.color", "spec.nested"]
    assert "color" in obj["spec"]


def test_where_unknown_fields_stay() -> None:
    keep = {"x-kubernetes-preserve-unknown-fields": True}
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "object", **keep, "properties": {"known": {"type": "object"}}},
            "m": {"type": "object", "additionalProperties": {"type": "object"}},
            "l": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "string"}}}},
            "r": {
                "type": "object",
                "x-kubernetes-embedded-resource": True,
                "properties": {"y": {"type": "object"}},
            },
        },
    }
    obj = {
        "kind": "X",
        "metadata": {"name": "x", "anything": 1},
        "a": {"free": [1], "known": {"gone": 1}},
        "m": {"k": {"gone": 1}},
        "l": [{"x": "1", "gone": 1}],
        "r": {"kind": "Pod", "metadata": {"name": "p"}, "gone": 1},
    }
    kept, gone = pruning.pruned(obj, schema)
    assert kept["a"] == {"free": [1], "known": {}} and kept["metadata"] == {"name": "x"}
    assert kept["r"] == {"kind": "Pod", "metadata": {"name": "p"}}
    assert gone == ["metadata.anything", "a.known.gone", "m.k.gone", "l[0].gone", "r.gone"]


def test_metadata_of_wrong_types_is_refused() -> None:
    obj = {**crontab(), "metadata": {"name": "a", "labels": {"a": 1}}}
    with pytest.raises(
        Undecodable, match=r"cannot unmarshal number into Go struct field ObjectMeta.labels of type"
    ):
        pruning.pruned(obj, SCHEMA)


def test_embedded_resources_must_be_objects() -> None:
    schema = {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "x-kubernetes-preserve-unknown-fields": True,
    }
    bad = {"kind": "9", "metadata": {"name": "a/b", "labels": {"-": "ok"}}}
    found = causes(bad, schema)
    assert found[0] == "spec.x.apiVersion: Required value: must not be empty"
    assert "spec.x.kind: Invalid value" in found[1] and "may not contain '/'" in found[2]
    assert "spec.x.metadata.labels: Invalid value" in found[3] and len(found) == 4
    assert causes({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}, schema) == []


def test_defaults_fill_what_is_missing_or_null() -> None:
    obj = crontab(cronSpec="* * * * *", image=None)
    pruning.fill(obj, SCHEMA)
    assert obj["spec"]["image"] == "busybox"
    pruning.fill(obj, SCHEMA)
    assert obj["spec"] == {"cronSpec": "* * * * *", "image": "busybox"}
    deep = {
        "type": "object",
        "properties": {"a": {"type": "object", "default": {}, "properties": {"b": {"default": 1}}}},
    }
    nested: dict[str, Any] = {"list": None}
    pruning.fill(nested, deep)
    assert nested == {"list": None, "a": {"b": 1}}


@pytest.mark.parametrize(
    ("value", "schema", "message"),
    [
        (
            "3",
            {"type": "integer"},
            'spec.x: Invalid value: "string": spec.x in body must be of type integer: "string"',
        ),
        (
            None,
            {"type": "string"},
            'spec.x: Invalid value: "null": spec.x in body must be of type string: "null"',
        ),
        (
            True,
            {"type": "integer"},
            'spec.x: Invalid value: "boolean": spec.x in body must be of type integer: "boolean"',
        ),
        (
            1.5,
            {"type": "integer"},
            'spec.x: Invalid value: "number": spec.x in body must be of type integer: "number"',
        ),
        (
            "* *",
            {"type": "string", "pattern": CRON},
            f"spec.x: Invalid value: \"* *\": spec.x in body should match '{CRON}'",
        ),
        ("c", {"enum": ["a", "b"]}, 'spec.x: Unsupported value: "c": supported values: "a", "b"'),
        (0, {"minimum": 1}, "spec.x: Invalid value: 0: spec.x in body should be greater than or equal to 1"),
        (9, {"maximum": 5}, "spec.x: Invalid value: 9: spec.x in body should be less than or equal to 5"),
        (
            5,
            {"maximum": 5, "exclusiveMaximum": True},
            "spec.x: Invalid value: 5: spec.x in body should be less than 5",
        ),
        (5, {"multipleOf": 2}, "spec.x: Invalid value: 5: spec.x in body should be a multiple of 2"),
        ("abc", {"maxLength": 2}, "spec.x: Too long: may not be more than 2 bytes"),
        ("a", {"minLength": 2}, 'spec.x: Invalid value: "a": spec.x in body should be at least 2 chars long'),
        ([1, 2], {"maxItems": 1}, "spec.x: Too many: 2: must have at most 1 item"),
        ([], {"minItems": 1}, "spec.x: Invalid value: 0: spec.x in body should have at least 1 items"),
        ({}, {"type": "object", "required": ["a"]}, "spec.x.a: Required value"),
        ([{}], {"items": {"required": ["a"]}}, "spec.x[0].a: Required value"),
        (
            "yesterday",
            {"type": "string", "format": "date-time"},
            'spec.x: Invalid value: "yesterday": spec.x in body must be of type date-time: "yesterday"',
        ),
        (["a", "a"], {"x-kubernetes-list-type": "set"}, 'spec.x[1]: Duplicate value: "a"'),
        (
            [{"n": 1, "v": 1}, {"n": 1}],
            {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"]},
            'spec.x[1]: Duplicate value: {"n":1}',
        ),
        (
            1.5,
            {"x-kubernetes-int-or-string": True},
            'spec.x: Invalid value: "number": spec.x in body must be of type integer,string: "number"',
        ),
        (
            {},
            {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            'spec.x: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found none valid',
        ),
        (
            {"a": 1, "b": 1},
            {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            'spec.x: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found 2 valid '
            "alternatives",
        ),
        (
            {},
            {"anyOf": [{"required": ["a"]}]},
            'spec.x: Invalid value: "": "spec.x" must validate at least one schema (anyOf)',
        ),
        (
            {},
            {"allOf": [{"required": ["a"]}]},
            'spec.x: Invalid value: "": "spec.x" must validate all the schemas (allOf). None validated',
        ),
        (
            {"a": 1},
            {"not": {"required": ["a"]}},
            'spec.x: Invalid value: "": "spec.x" must not validate the schema (not)',
        ),
    ],
)
def test_bad_values(value: Any, schema: dict[str, Any], message: str) -> None:
    assert message in causes(value, schema)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (3.0, {"type": "integer"}),
        (3, {"type": "number"}),
        (None, {"type": "string", "nullable": True}),
        ("80%", {"x-kubernetes-int-or-string": True}),
        ({"a": None}, {"type": "object", "properties": {"a": {"type": "string", "nullable": True}}}),
        ("whatever", {"type": "string", "format": "of-our-own"}),
        ("a\n", {"type": "string", "pattern": "^a\n$"}),
    ],
)
def test_good_values(value: Any, schema: dict[str, Any]) -> None:
    assert causes(value, schema) == []


def test_what_an_update_leaves_as_it_was_is_not_looked_at_again() -> None:
    old = crontab(cronSpec="bad", replicas=99)
    assert values.check(old, SCHEMA) and not values.check(old, SCHEMA, old=old)
    marked = {**old, "metadata": {"name": "a", "labels": {"a": "b"}}}
    assert not values.check(marked, SCHEMA, old=old)
    [cause] = values.check(crontab(cronSpec="bad", replicas=98), SCHEMA, old=old)
    assert cause.field == "spec.replicas"
    steps = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["n"],
        "items": {"type": "object", "properties": {"n": {"type": "string"}, "v": {"maximum": 5}}},
    }
    found = values.check([{"n": "b", "v": 9}, {"n": "a", "v": 9}], steps, "l", old=[{"n": "a", "v": 9}])
    assert [each.field for each in found] == ["l[0].v"]


def test_the_end_of_a_pattern_is_the_end_of_the_text() -> None:
    assert causes("a\n", {"type": "string", "pattern": "^a$"})


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date-time", "2026-01-02T03:04:05.678Z", "2026-13-02T03:04:05Z"),
        ("date", "2026-01-02", "2026-02-30"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("ipv6", "fd00::1", "10.0.0.1"),
        ("cidr", "10.0.0.0/8", "10.0.0.0"),
        ("email", "a@b.example", "a b"),
        ("hostname", "a.example", "-a"),
        ("uri", "https://a.example/x", "no uri"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123"),
        ("byte", "aGk=", "a?"),
        ("duration", "1h30m", "long"),
        ("mac", "01:23:45:67:89:ab", "01:23"),
        ("quantity", "1Gi", "1gib"),
        ("k8s-short-name", "web-1", "Web"),
    ],
)
def test_formats(name: str, good: str, bad: str) -> None:
    assert formats.accepts(name, good) and not formats.accepts(name, bad)


def test_rows() -> None:
    given: list[dict[str, Any]] = [
        {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec", "description": "when"},
        {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas", "priority": 1},
        {"name": "Since", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "Wrong", "type": "integer", "jsonPath": ".spec.cronSpec"},
        {"name": "All", "type": "string", "jsonPath": ".spec"},
    ]
    obj = crontab(cronSpec="* * * * *", replicas=2)
    obj["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    row = columns.cells(obj, given, lambda text: f"since {text}")
    everything = '{"cronSpec":"* * * * *","replicas":2}'
    assert row == ["a", "* * * * *", 2, "since 2026-01-01T00:00:00Z", None, everything]
    described = columns.described(given)
    assert [each["name"] for each in described] == ["Name", "Spec", "Replicas", "Since", "Wrong", "All"]
    assert (described[1]["description"], described[2]["priority"]) == ("when", 1)
    assert columns.described([])[1]["name"] == "Age"


PATHS = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def test_scale_is_read_and_written() -> None:
    obj = {**crontab(replicas=2), "status": {"replicas": 1, "selector": "a=b"}}
    read = scale.read(obj, PATHS, "crontabs")
    assert (read["kind"], read["spec"], read["status"]) == (
        "Scale",
        {"replicas": 2},
        {"replicas": 1, "selector": "a=b"},
    )
    written = scale.write(obj, PATHS, 5)
    assert written["spec"]["replicas"] == 5 and obj["spec"]["replicas"] == 2
    assert scale.write({"metadata": {}}, PATHS, 1)["spec"] == {"replicas": 1}
    with pytest.raises(ApiError, match="does not exist"):
        scale.read(crontab(), PATHS, "crontabs")
