"""Metadata: names by the rules of their kind, labels, annotations, owners, finalizers, and what stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.kube.objects.schema.validation.asking import changed, made, message, wrong

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def config_map(**metadata: Any) -> list[str]:
    return wrong("v1", "ConfigMap", metadata=metadata)


def test_a_good_object_is_good() -> None:
    assert (
        config_map(
            labels={"app.kubernetes.io/name": "x", "empty": ""}, annotations={"Some/Key": "any\nvalue"}
        )
        == []
    )


def test_a_name_is_a_subdomain() -> None:
    assert config_map(name="Not_Good") == [f'metadata.name: Invalid value: "Not_Good": {SUBDOMAIN}']


def test_a_name_is_needed() -> None:
    assert config_map(name="") == ["metadata.name: Required value: name or generateName is required"]


def test_the_message_for_people() -> None:
    assert message("v1", "ConfigMap", metadata={"name": "A"}) == (
        f'ConfigMap "A" is invalid: metadata.name: Invalid value: "A": {SUBDOMAIN}'
    )


def test_the_prefix_of_a_generated_name_may_end_in_a_hyphen() -> None:
    assert config_map(generateName="web-") == []
    assert config_map(generateName="Web-")[0].startswith('metadata.generateName: Invalid value: "Web-": ')


def test_a_service_begins_with_a_letter() -> None:
    found = wrong("v1", "Service", metadata={"name": "1st"}, spec={"ports": [{"port": 80}]})
    assert found[0].startswith('metadata.name: Invalid value: "1st": a DNS-1035 label must consist of')


def test_a_namespace_has_no_dots_and_no_namespace() -> None:
    assert wrong("v1", "Namespace", metadata={"name": "a.b"}) == [
        'metadata.name: Invalid value: "a.b": must not contain dots'
    ]
    assert wrong("v1", "Namespace", metadata={"namespace": "a"}) == [
        "metadata.namespace: Forbidden: not allowed on this type"
    ]


def test_a_role_may_be_named_freely() -> None:
    group, rules = (
        "rbac.authorization.k8s.io/v1",
        [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
    )
    assert wrong(group, "ClusterRole", metadata={"name": "system:node:X"}, rules=rules) == []
    assert wrong(group, "ClusterRole", metadata={"name": "a/b"}, rules=rules) == [
        "metadata.name: Invalid value: \"a/b\": may not contain '/'"
    ]


def test_labels_are_qualified_names_with_short_values() -> None:
    found = config_map(labels={"a b": "ok", "ok": "x" * 64})
    assert found[0].startswith(
        'metadata.labels: Invalid value: "a b": name part must consist of alphanumeric'
    )
    assert found[1] == f'metadata.labels: Invalid value: "{"x" * 64}": must be no more than 63 characters'


def test_annotations_may_be_large_but_not_too_large() -> None:
    assert config_map(annotations={"a": "x" * 262144}) == [
        "metadata.annotations: Too long: may not be more than 262144 bytes"
    ]


def test_an_owner_is_named_in_full_and_one_controls() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "1", "controller": True}
    assert config_map(ownerReferences=[owner]) == []
    assert config_map(ownerReferences=[{**owner, "uid": "", "name": ""}]) == [
        'metadata.ownerReferences.name: Invalid value: "": name must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": uid must not be empty',
    ]
    found = config_map(ownerReferences=[owner, {**owner, "name": "b"}])
    assert "Only one reference can have Controller set to true." in found[0]
    assert "in references for ReplicaSet/a and ReplicaSet/b" in found[0]


def test_finalizers_are_qualified() -> None:
    assert config_map(finalizers=["example.com/a", "kubernetes"]) == []
    assert config_map(finalizers=["mine"]) == [
        'metadata.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it '
        "fully qualified"
    ]


def test_finalizers_of_extensions_are_their_own() -> None:
    names = {"plural": "foos", "kind": "Foo"}
    metadata = {"name": "foos.example.com", "finalizers": ["customresourcecleanup.apiextensions.k8s.io"]}
    spec = {"group": "example.com", "scope": "Cluster", "names": names, "versions": []}
    assert wrong("apiextensions.k8s.io/v1", "CustomResourceDefinition", metadata=metadata, spec=spec) == []


@pytest.mark.parametrize("key", ["name", "namespace", "uid"])
def test_identity_never_changes(key: str) -> None:
    old = made("v1", "ConfigMap", metadata={"uid": "1"})
    assert changed(old, **{f"metadata__{key}": "other"}) == [
        f'metadata.{key}: Invalid value: "other": field is immutable'
    ]


def test_an_object_that_is_going_gets_no_new_finalizers() -> None:
    old = made("v1", "ConfigMap", metadata={"finalizers": ["a/b"]})
    old["metadata"]["deletionTimestamp"] = "2024-01-01T00:00:00Z"
    assert changed(old, metadata__finalizers=[]) == []
    assert changed(old, metadata__finalizers=["a/b", "c/d"]) == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new "
        'finalizers []string{"c/d"}'
    ]
