"""Discovery and OpenAPI say of every resource what clients look for."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects.custom import definition, naming, resources
from hythe.kube.objects.publish import discovery, openapi, swagger
from hythe.kube.objects.schema.resources import Table, builtin
from tests.unit.kube.objects.custom.given_definitions import crd, version

TABLE = builtin()


def custom() -> tuple[Table, dict[Any, Any]]:
    """The table with a custom resource, and its schema."""
    given = crd(version(subresources={"status": {}}))
    definition.fill(given)
    given["status"] |= naming.settle(given, [], "now")
    [(resource, entry)] = resources.served(given)
    return Table([*TABLE, resource]), {resource.gvk: entry["schema"]["openAPIV3Schema"]}


def test_aggregated_discovery_has_everything() -> None:
    for version_ in discovery.AGGREGATED:
        core = discovery.aggregated(TABLE, version_, core=True)
        groups = discovery.aggregated(TABLE, version_, core=False)
        found = [
            (each["resource"], each["responseKind"]["kind"], each["scope"])
            for item in (*core["items"], *groups["items"])
            for served in item["versions"]
            for each in served["resources"]
        ]
        assert sorted(found) == sorted(
            (each.plural, each.kind, "Namespaced" if each.namespaced else "Cluster") for each in TABLE
        )
        assert core["apiVersion"] == f"apidiscovery.k8s.io/{version_}"
    pods = next(each for each in core["items"][0]["versions"][0]["resources"] if each["resource"] == "pods")
    eviction = next(each for each in pods["subresources"] if each["subresource"] == "eviction")
    assert eviction["responseKind"] == {"group": "policy", "version": "v1", "kind": "Eviction"}
    assert pods["shortNames"] == ["po"] and "all" in pods["categories"]


def test_plain_discovery_says_the_same() -> None:
    assert discovery.versions("10.0.0.1:6443")["versions"] == ["v1"]
    listed = discovery.groups(TABLE)["groups"]
    assert [each["name"] for each in listed] == [name for name in TABLE.versions if name]
    autoscaling = discovery.group(TABLE, "autoscaling")
    assert autoscaling and autoscaling["preferredVersion"] == {
        "groupVersion": "autoscaling/v2",
        "version": "v2",
    }
    found = discovery.resources(TABLE, "apps", "v1")
    assert found and found["groupVersion"] == "apps/v1"
    scale = next(each for each in found["resources"] if each["name"] == "deployments/scale")
    assert (scale["kind"], scale["group"], scale["version"]) == ("Scale", "autoscaling", "v1")
    assert discovery.group(TABLE, "none") is None and discovery.resources(TABLE, "apps", "v9") is None


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*(references(each) for each in value.values()))
    return set().union(*(references(each) for each in value)) if isinstance(value, list) else set()


@pytest.mark.parametrize(("group", "version_"), openapi.group_versions(TABLE))
def test_documents_are_complete(group: str, version_: str) -> None:
    document = openapi.document(TABLE, group, version_, {}, "v1.32.0")
    assert document is not None
    assert references(document) <= set(document["components"]["schemas"])
    said = [one for path in document["paths"].values() for one in path.values() if isinstance(one, dict)]
    identities = [each["operationId"] for each in said]
    assert len(identities) == len(set(identities))
    for resource in TABLE.of_version(group, version_):
        gvk = {"group": group, "version": version_, "kind": resource.kind}
        assert any(each["x-kubernetes-group-version-kind"] == gvk for each in said)


def test_what_kubectl_reads() -> None:
    document = openapi.document(TABLE, "apps", "v1", {}, "v1.32.0")
    assert document is not None
    one = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]
    assert "fieldValidation" in {each["name"] for each in one["patch"]["parameters"]}
    schemas = document["components"]["schemas"]
    assert (
        schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]["x-kubernetes-patch-merge-key"]
        == "name"
    )
    deployment = schemas["io.k8s.api.apps.v1.Deployment"]
    assert deployment["description"] and deployment["x-kubernetes-group-version-kind"]


def test_custom_resources_are_described() -> None:
    table, schemas = custom()
    document = openapi.document(table, "stable.example.com", "v1", schemas, "v1.32.0")
    assert document is not None and references(document) <= set(document["components"]["schemas"])
    described = document["components"]["schemas"]["com.example.stable.v1.CronTab"]
    assert described["properties"]["spec"]["properties"]["cronSpec"]["type"] == "string"
    assert described["x-kubernetes-group-version-kind"][0]["kind"] == "CronTab"
    assert "com.example.stable.v1.CronTabList" in document["components"]["schemas"]


def test_the_index_changes_with_what_it_names() -> None:
    table, schemas = custom()
    plain, more = openapi.index(TABLE, {})["paths"], openapi.index(table, schemas)["paths"]
    assert set(more) - set(plain) == {"apis/stable.example.com/v1"}
    assert all(more[path] == plain[path] for path in plain)
    changed = {gvk: {**schema, "description": "new"} for gvk, schema in schemas.items()}
    path = "apis/stable.example.com/v1"
    assert openapi.index(table, changed)["paths"][path] != more[path]
    assert more["apis/apps/v1"]["serverRelativeURL"].startswith("/openapi/v3/apis/apps/v1?hash=")


def test_one_document_of_everything_in_the_words_of_v2() -> None:
    table, schemas = custom()
    whole = swagger.document(table, schemas, "v1.32.0")
    assert references(whole) <= set(whole["definitions"])
    assert "#/components" not in str(whole)
    described = whole["definitions"]["com.example.stable.v1.CronTab"]
    [schema] = schemas.values()
    assert described["properties"]["spec"] == schema["properties"]["spec"]
    assert described["properties"]["metadata"]["$ref"].endswith(".ObjectMeta")
    patch = whole["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert {"fieldValidation", "body"} <= {each["name"] for each in patch["parameters"]}
    assert swagger.hashed(table, schemas) != swagger.hashed(TABLE, {})


def published(spec: dict[str, Any], **root: Any) -> dict[str, Any]:
    """The v2 definition of a custom kind."""
    table, schemas = custom()
    [gvk] = schemas
    whole = {"type": "object", "properties": {"spec": spec}, **root}
    found: dict[str, Any] = swagger.document(table, {gvk: whole}, "x")["definitions"][
        "com.example.stable.v1.CronTab"
    ]
    return found


def test_what_v2_cannot_say_is_left_out() -> None:
    keeps = {"x-kubernetes-preserve-unknown-fields": True}
    assert set(published({}, **keeps)) == {"type", "x-kubernetes-group-version-kind"}
    spec = {
        "type": "object",
        "required": ["n", "s"],
        "properties": {
            "n": {"type": "string", "nullable": True},
            "s": {"type": "string"},
            "o": {"type": "object", **keeps, "properties": {"x": {"type": "string"}}},
            "p": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        },
    }
    assert published(spec)["properties"]["spec"] == {
        "type": "object",
        "required": ["s"],
        "properties": {
            "n": {},
            "s": {"type": "string"},
            "o": keeps,
            "p": {"x-kubernetes-int-or-string": True},
        },
    }


def test_embedded_resources_have_what_every_object_has() -> None:
    found = openapi.custom_schema(
        next(iter(custom()[1])),
        {"type": "object", "properties": {"pod": {"type": "object", "x-kubernetes-embedded-resource": True}}},
    )
    pod = found["properties"]["pod"]
    assert set(pod["properties"]) == {"apiVersion", "kind", "metadata"} and pod["required"] == [
        "kind",
        "apiVersion",
    ]
