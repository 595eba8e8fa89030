"""What a CustomResourceDefinition may say, and Kubernetes' messages for what it may not."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest

from hythe.kube.objects.custom import definition, naming, resources
from hythe.kube.objects.schema.resources import Resource
from tests.unit.kube.objects.custom.given_definitions import crd, version

SCHEMA = "spec.versions[0].schema.openAPIV3Schema"
ITEMS = f"{SCHEMA}.properties[spec].items"


def causes(given: dict[str, Any], old: dict[str, Any] | None = None) -> list[str]:
    filled = copy.deepcopy(given)
    definition.fill(filled)
    return [str(cause) for cause in definition.check(filled, old)]


def of_schema(schema: Any) -> list[str]:
    return causes(crd(version(schema=schema)))


def test_a_good_one() -> None:
    given = crd()
    assert causes(given) == []
    definition.fill(given)
    assert given["spec"]["names"] == {
        "plural": "crontabs",
        "singular": "crontab",
        "kind": "CronTab",
        "listKind": "CronTabList",
        "shortNames": ["ct"],
    }
    assert given["spec"]["conversion"] == {"strategy": "None"} and given["status"]["storedVersions"] == ["v1"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"group": ""}, "spec.group: Required value"),
        (
            {"group": "example"},
            'spec.group: Invalid value: "example": should be a domain with at least one dot',
        ),
        ({"scope": ""}, "spec.scope: Required value"),
        (
            {"scope": "World"},
            'spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"',
        ),
        (
            {"names": {"plural": "x", "kind": "X"}},
            'metadata.name: Invalid value: "crontabs.stable.example.com": must be spec.names.plural+"."+spec.group',
        ),
        ({"names": {"plural": "crontabs"}}, "spec.names.kind: Required value"),
        (
            {"names": {"plural": "crontabs", "kind": "X", "listKind": "X"}},
            'spec.names.listKind: Invalid value: "X": kind and listKind may not be the same',
        ),
        (
            {"conversion": {"strategy": "Webhook"}},
            "spec.conversion.strategy: Forbidden: conversion by webhook is not supported by this server",
        ),
        (
            {"preserveUnknownFields": True},
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
            "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        ),
    ],
)
def test_bad_specs(spec: dict[str, Any], message: str) -> None:
    assert message in causes(crd(**spec))


def test_versions_differ_and_one_is_stored() -> None:
    found = causes(crd(version(), version()))
    assert any(each.endswith("must contain unique version names") for each in found)
    assert any(each.endswith("must have exactly one version marked as storage version") for each in found)
    assert f"{SCHEMA}: Required value" in causes(crd({"name": "v1", "served": True, "storage": True}))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"additionalPrinterColumns": [{"name": "A", "type": "text", "jsonPath": ".a"}]},
            'additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,'
            "number,string",
        ),
        (
            {"additionalPrinterColumns": [{"name": "A", "type": "string", "jsonPath": "a"}]},
            'additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .',
        ),
        (
            {"subresources": {"scale": {"specReplicasPath": ".status.r", "statusReplicasPath": ".status.r"}}},
            'subresources.scale.specReplicasPath: Invalid value: ".status.r": should be a json path under .spec',
        ),
        ({"subresources": {"scale": {}}}, "subresources.scale.statusReplicasPath: Required value"),
        (
            {"selectableFields": [{"jsonPath": ".spec"}]},
            'selectableFields[0].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or '
            "integer. Enum string fields and strings with formats are allowed.",
        ),
        (
            {"deprecationWarning": "old"},
            'deprecationWarning: Invalid value: "old": can only be set for deprecated versions',
        ),
    ],
)
def test_bad_versions(more: dict[str, Any], message: str) -> None:
    assert f"spec.versions[0].{message}" in causes(crd(version(**more)))


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({}, "properties[spec].type: Required value: must not be empty for specified object fields"),
        ({"type": "array"}, "properties[spec].items: Required value: must be specified"),
        ({"type": "array", "items": {}}, "properties[spec].items: Required value: must be specified"),
        (
            {"type": "text"},
            'properties[spec].type: Unsupported value: "text": supported values: "array", "boolean", "integer", '
            '"number", "object", "string"',
        ),
        (
            {"type": "object", "anyOf": [{"type": "object"}]},
            "properties[spec].anyOf[0].type: Forbidden: must be empty to be structural",
        ),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
            "properties[spec].additionalProperties: Forbidden: additionalProperties and properties are mutual "
            "exclusive",
        ),
        (
            {"type": "string", "uniqueItems": True},
            "properties[spec].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity "
            "becomes quadratic",
        ),
        ({"type": "object", "$ref": "#/x"}, "properties[spec].$ref: Forbidden: $ref is not supported"),
        (
            {"type": "string", "x-kubernetes-list-type": "set"},
            'properties[spec].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified',
        ),
        (
            {"type": "object", "x-kubernetes-preserve-unknown-fields": False},
            "properties[spec].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
        ),
        (
            {"type": "object", "x-kubernetes-embedded-resource": True},
            "properties[spec].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true "
            "without x-kubernetes-preserve-unknown-fields",
        ),
        (
            {"type": "object", "x-kubernetes-validations": [{"rule": "self.x"}]},
            'properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"FieldPath":"","Message":"",'
            '"MessageExpression":"","OptionalOldSelf":null,"Reason":null,"Rule":"self.x"}: compilation failed: ERROR: '
            "<input>:1:5: undefined field 'x'\n | self.x\n | ....^",
        ),
        (
            {"type": "integer", "default": "x"},
            'properties[spec].default: Invalid value: "string": '
            f'{SCHEMA}.properties[spec].default in body must be of type integer: "string"',
        ),
        (
            {"type": "object", "default": {"a": 1}},
            'properties[spec].default: Invalid value: {"a":1}: must not have unknown fields: a',
        ),
    ],
)
def test_bad_schemas(schema: dict[str, Any], message: str) -> None:
    assert f"{SCHEMA}.{message}" in of_schema(schema)


@pytest.mark.parametrize(
    ("keys", "items", "message"),
    [
        ([], {"type": "object"}, f"{SCHEMA}.properties[spec].x-kubernetes-list-map-keys: Required value"),
        (["a"], {"type": "string"}, f'{ITEMS}.type: Invalid value: "string": must be object if parent array'),
        (["a"], {"type": "object"}, "entries must all be names of item properties"),
        (
            ["a"],
            {"type": "object", "properties": {"a": {"type": "string"}}},
            f"{ITEMS}.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it "
            "must have a default or be a required property",
        ),
    ],
)
def test_bad_list_maps(keys: list[str], items: dict[str, Any], message: str) -> None:
    found = of_schema(
        {
            "type": "array",
            "items": items,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": keys,
        }
    )
    assert any(message in each for each in found), found


def test_what_structural_schemas_may_say() -> None:
    good = {
        "type": "object",
        "required": ["port"],
        "properties": {
            "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "any": {"x-kubernetes-preserve-unknown-fields": True},
            "pod": {
                "type": "object",
                "x-kubernetes-embedded-resource": True,
                "x-kubernetes-preserve-unknown-fields": True,
            },
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        },
        "oneOf": [{"required": ["any"]}, {"required": ["pod"]}],
        "not": {"properties": {"labels": {"maxProperties": 0}}},
    }
    assert of_schema(good) == []


def test_what_does_not_change() -> None:
    old = crd()
    definition.fill(old)
    old["status"] = naming.settle(old, [], "now")
    assert 'spec.scope: Invalid value: "Cluster": field is immutable' in causes(crd(scope="Cluster"), old)


def test_stored_versions_stay() -> None:
    given = crd(version("v2", storage=True))
    given["status"] = {"storedVersions": ["v1", "v2"]}
    assert any(
        "missing from spec.versions; v1 was previously a storage version" in each for each in causes(given)
    )


def test_names_are_settled_once_and_conflicts_told() -> None:
    first = crd()
    definition.fill(first)
    first["status"] = naming.settle(first, [], "t0")
    assert naming.is_established(first) and naming.settle(first, [first], "t1") == first["status"]
    second = crd(names={"plural": "crons", "kind": "CronTab", "shortNames": ["ct"]})
    second["metadata"]["name"] = "crons.stable.example.com"
    definition.fill(second)
    second["status"] = naming.settle(second, [first, second], "t1")
    assert not naming.is_established(second)
    accepted = second["status"]["conditions"][0]
    assert (accepted["reason"], accepted["message"]) == (
        "ListKindConflict",
        '"CronTabList" is already in use',
    )
    assert second["status"]["acceptedNames"] == {"plural": "crons"}
    freed = naming.settle(second, [second], "t2")
    assert naming.is_established({**second, "status": freed})


def test_the_resources_that_it_makes() -> None:
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    given = crd(
        version("v1beta1"),
        version(
            "v1", subresources={"status": {}, "scale": scale}, selectableFields=[{"jsonPath": ".spec.image"}]
        ),
        version("v2", served=False),
    )
    definition.fill(given)
    given["status"] |= naming.settle(given, [], "now")
    made = [resource for resource, _ in resources.served(given)]
    assert [each.version for each in made] == ["v1", "v1beta1"]
    assert all(each.storage == "stable.example.com/v1" and each.namespaced for each in made)
    assert made[0].fields["spec.image"] == "spec.image" and made[0].subresources["scale"].gvk.kind == "Scale"
    assert made[0].qualified == "crontabs.stable.example.com" and made[1].subresources == {}


def test_a_resource_can_be_made_to_say_more() -> None:
    @dataclass(frozen=True, slots=True)
    class Named(Resource):
        note: str = ""

    given = crd()
    definition.fill(given)
    [(resource, _)] = resources.served(given)
    more = resources.remade(resource, Named, note="x")
    assert (more.note, more.api_version, more.plural) == ("x", "stable.example.com/v1", "crontabs")


def test_the_order_of_versions() -> None:
    names = ["foo10", "v1", "v11alpha2", "v2", "foo1", "v3beta1", "v11beta2", "v12alpha1", "v10", "v10beta3"]
    assert sorted(names, key=resources.priority, reverse=True) == [
        "v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10",
    ]  # fmt: skip
