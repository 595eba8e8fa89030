"""The definitions of the built-in kinds: complete, OpenAPI v3, and the Go types that go with them."""

from __future__ import annotations

import json
import re

from hythe.kube.objects.schema import definitions, gotypes
from hythe.kube.objects.schema.data import read
from hythe.kube.objects.schema.resources import builtin
from hythe.kube.objects.types import GroupVersionKind, Object

CORE, META = "io.k8s.api.core.v1.", "io.k8s.apimachinery.pkg.apis.meta.v1."


def test_every_resource_and_its_list_are_defined() -> None:
    missing = [
        kind
        for r in builtin()
        for kind in (r.kind, r.list_kind if "list" in r.verbs else r.kind)
        if definitions.name_of(GroupVersionKind(r.group, r.version, kind)) is None
    ]
    assert missing == []


def test_every_reference_leads_somewhere() -> None:
    known = definitions.all_definitions()
    text = json.dumps(dict(known))
    refs = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert refs and refs <= set(known)


def test_nothing_is_left_of_the_rewriting() -> None:
    text = json.dumps(dict(definitions.all_definitions()))
    assert '"null"' not in text and "$defs" not in text
    assert definitions.definition(CORE + "Pod")["properties"]["kind"] == {"type": "string"}


def test_merge_keys_are_there() -> None:
    containers = definitions.definition(CORE + "PodSpec")["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]
    ports = definitions.definition(CORE + "Container")["properties"]["ports"]
    assert ports["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]


def test_descriptions_are_kept_apart() -> None:
    bare, full = definitions.definition(CORE + "Pod"), definitions.described(CORE + "Pod")
    assert "description" not in bare and "description" not in bare["properties"]["spec"]
    assert full["description"].startswith("Pod is a collection of containers")
    assert full["properties"]["spec"]["description"] and full["properties"]["spec"]["$ref"]


def test_options_are_the_same_in_every_group() -> None:
    name = definitions.name_of(GroupVersionKind("apps", "v1", "DeleteOptions"))
    assert name == META + "DeleteOptions"


def test_the_fields_of_go_are_the_properties_of_openapi() -> None:
    differing = {}
    for name, schema in definitions.all_definitions().items():
        if "properties" in schema and name in read("types"):
            odd = set(gotypes.struct(name).fields) ^ set(schema["properties"])
            if odd:
                differing[name] = odd
    assert differing == {}


def sort_of(schema: Object) -> str:
    kind = schema.get("type")
    if "$ref" in schema:
        return ""
    return {"array": "list", "boolean": "bool", "integer": "int", "number": "float64"}.get(str(kind), "")


def test_the_sorts_of_go_are_the_types_of_openapi() -> None:
    for name, schema in definitions.all_definitions().items():
        if name in read("types"):
            fields = gotypes.struct(name).fields
            for key, one in schema.get("properties", {}).items():
                assert fields[key].type.sort.startswith(sort_of(one)), (name, key)


def test_go_says_which_fields_are_pointers() -> None:
    spec = gotypes.struct("io.k8s.api.apps.v1.DeploymentSpec").fields
    assert spec["replicas"].type.pointer and not spec["paused"].type.pointer
    assert not spec["template"].omitempty and spec["paused"].omitempty


def test_types_are_named_as_go_prints_them() -> None:
    fields = gotypes.struct(CORE + "Container").fields
    named = {key: fields[key].type.go for key in ("ports", "imagePullPolicy", "stdin", "resources", "args")}
    assert named == {
        "ports": "[]v1.ContainerPort",
        "imagePullPolicy": "v1.PullPolicy",
        "stdin": "bool",
        "resources": "v1.ResourceRequirements",
        "args": "[]string",
    }


def test_an_embedded_struct_is_one_field_in_protobuf_alone() -> None:
    volume = gotypes.struct(CORE + "Volume")
    assert "configMap" in volume.fields
    assert set(volume.numbers) == {1, 2} and volume.numbers[2].inline
