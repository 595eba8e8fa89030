"""Bodies in JSON and YAML: Kubernetes' messages for what is malformed, mistyped, unknown or twice there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hythe.kube.objects.schema import decode
from hythe.kube.objects.schema.decode import jsontext
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import GroupVersionKind, Object

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
POD = GroupVersionKind("", "v1", "Pod")
JSON, YAML = "application/json", "application/yaml"


def pod(**container: Any) -> Object:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i", **container}]}}


def sent(
    value: Any, gvk: GroupVersionKind = POD, validation: decode.FieldValidation = "Strict"
) -> decode.Decoded:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return decode.body(data, JSON, gvk, validation)


def refusal(value: Any, gvk: GroupVersionKind = POD, content_type: str = JSON) -> ApiError:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(ApiError) as raised:
        decode.body(data, content_type, gvk, "Strict")
    return raised.value


# --- what becomes of a good body


def test_kind_and_version_are_those_of_the_path_where_none_are_said() -> None:
    made = sent({"metadata": {"name": "p"}}).object
    assert (made["kind"], made["apiVersion"]) == ("Pod", "v1")


def test_structs_are_always_there_and_empty_fields_never() -> None:
    made = sent(pod(command=[], stdin=False, workingDir="", env=None)).object
    assert made["spec"]["containers"] == [{"name": "c", "image": "i", "resources": {}}]
    assert made["status"] == {}


def test_pointers_keep_their_zero() -> None:
    made = sent({"spec": {"replicas": 0, "paused": False, "minReadySeconds": 0}}, DEPLOYMENT).object
    assert made["spec"]["replicas"] == 0
    assert set(made["spec"]) == {"replicas", "template", "strategy"}


def test_an_empty_object_without_fields_of_its_own_stays() -> None:
    version = {"name": "v1", "subresources": {"status": {}}}
    crd = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    made = sent({"spec": {"versions": [version]}}, crd).object
    assert made["spec"]["versions"][0]["subresources"] == {"status": {}}


def test_quantities_times_and_base64_are_canonical() -> None:
    limits = {"cpu": 0.5, "memory": "1024Mi", "ephemeral-storage": "1500M"}
    made = sent(pod(resources={"limits": limits})).object
    found = made["spec"]["containers"][0]["resources"]["limits"]
    assert found == {"cpu": "500m", "memory": "1Gi", "ephemeral-storage": "1500M"}
    lease = {"spec": {"renewTime": "2024-02-29T12:00:00.5+02:00"}}
    gvk = GroupVersionKind("coordination.k8s.io", "v1", "Lease")
    assert sent(lease, gvk).object["spec"]["renewTime"] == "2024-02-29T10:00:00.500000Z"


def test_null_is_no_value_but_in_a_map_of_strings() -> None:
    made = sent({"metadata": {"name": "p", "labels": {"a": None}, "annotations": None}, "spec": None}).object
    assert made["metadata"] == {"name": "p", "labels": {"a": ""}}


def test_ports_are_numbers_or_names() -> None:
    gvk = GroupVersionKind("", "v1", "Service")
    ports = [{"port": 80, "targetPort": "http"}, {"port": 81}]
    made = sent({"spec": {"ports": ports}}, gvk).object
    assert made["spec"]["ports"] == [{"port": 80, "targetPort": "http"}, {"port": 81, "targetPort": 0}]


def test_what_has_no_type_is_kept_as_it_is() -> None:
    gvk = GroupVersionKind("apps", "v1", "ControllerRevision")
    data = {"spec": {"template": {"x": None, "y": [1, {"z": ""}]}}}
    assert sent({"data": data, "revision": 1}, gvk).object["data"] == data


def test_a_custom_resource_is_left_alone() -> None:
    gvk = GroupVersionKind("example.com", "v1", "Foo")
    assert sent({"spec": {"any": [1]}}, gvk).object == {
        "spec": {"any": [1]},
        "apiVersion": "example.com/v1",
        "kind": "Foo",
    }


# --- unknown and duplicate fields


def test_an_unknown_field_is_refused_when_strict() -> None:
    error = refusal({"spec": {"foo": 1, "template": {"spec": {"containers": [{}, {"bar": 2}]}}}}, DEPLOYMENT)
    assert error.code == 400 and error.reason == "BadRequest"
    assert error.message == (
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
        'unknown field "spec.foo", unknown field "spec.template.spec.containers[1].bar"'
    )


def test_unknown_fields_are_warned_of_and_dropped() -> None:
    decoded = sent({"spec": {"foo": 1}}, DEPLOYMENT, "Warn")
    assert decoded.warnings == ['unknown field "spec.foo"']
    assert "foo" not in decoded.object["spec"]


def test_unknown_fields_may_be_ignored() -> None:
    assert sent({"spec": {"foo": 1}}, DEPLOYMENT, "Ignore").warnings == []


def test_a_field_that_stands_twice() -> None:
    body = (
        b'{"spec":{"replicas":1,"replicas":2,"template":{"spec":{"containers":[{"name":"a","name":"b"}]}}}}'
    )
    assert sent(body, DEPLOYMENT, "Warn").warnings == [
        'duplicate field "spec.replicas"',
        'duplicate field "spec.template.spec.containers[0].name"',
    ]
    assert 'strict decoding error: duplicate field "spec.replicas", ' in refusal(body, DEPLOYMENT).message


# --- wrong types


@pytest.mark.parametrize(
    ("value", "gvk", "said"),
    [
        (
            {"spec": {"replicas": "3"}},
            DEPLOYMENT,
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            {"spec": {"containers": {"name": "c"}}},
            POD,
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            pod(ports=[{"containerPort": "80"}]),
            POD,
            "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort "
            "of type int32",
        ),
        (
            pod(imagePullPolicy=1),
            POD,
            "json: cannot unmarshal number into Go struct field Container.spec.containers.imagePullPolicy "
            "of type v1.PullPolicy",
        ),
        (
            {"metadata": {"labels": {"a": 1}}},
            POD,
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            {"spec": "x"},
            POD,
            "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec",
        ),
        (
            {"spec": {"replicas": 1.5}},
            DEPLOYMENT,
            "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            {"spec": {"replicas": 2**31}},
            DEPLOYMENT,
            "json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            pod(resources={"limits": {"cpu": "1x"}}),
            POD,
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            {"metadata": {"deletionTimestamp": "today"}},
            POD,
            'parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"',
        ),
        ({"data": {"a": "!"}}, GroupVersionKind("", "v1", "Secret"), "illegal base64 data at input byte 0"),
    ],
)
def test_a_wrong_type_is_told_as_go_does(value: Object, gvk: GroupVersionKind, said: str) -> None:
    error = refusal(value, gvk)
    assert error.code == 400
    assert error.message == f'{gvk.kind} in version "v1" cannot be handled as a {gvk.kind}: {said}'


# --- what is no object of this kind


def test_another_kind_of_ours() -> None:
    error = refusal({"kind": "Pod", "apiVersion": "v1"}, DEPLOYMENT)
    assert error.message == (
        'Pod in version "v1" cannot be handled as a Deployment: converting (v1.Pod) to (apps.Deployment): '
        "unknown conversion"
    )


def test_another_version() -> None:
    error = refusal({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler"},
                    GroupVersionKind("autoscaling", "v2", "HorizontalPodAutoscaler"))  # fmt: skip
    assert error.message == (
        "the API version in the data (autoscaling/v1) does not match the expected API version (autoscaling/v2)"
    )


def test_a_kind_that_nobody_knows() -> None:
    error = refusal({"kind": "Foo", "apiVersion": "v1"})
    assert error.message == (
        'Foo in version "v1" cannot be handled as a Pod: no kind "Foo" is registered for version "v1" in scheme '
        '"pkg/api/legacyscheme/scheme.go:30"'
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "unexpected end of JSON input (<empty>)"),
        (b'{"a":', 'unexpected end of JSON input ({"a":)'),
        (b"{a: 1}", "invalid character 'a' looking for beginning of object key string ({a: 1})"),
        (b'{"a" 1}', "invalid character '1' after object key ({\"a\" 1})"),
        (b'{"a":1 "b"}', 'invalid character \'"\' after object key:value pair ({"a":1 "b"})'),
        (b'{"a":[1 2]}', "invalid character '2' after array element ({\"a\":[1 2]})"),
        (b'{"a":tru}', "invalid character '}' in literal true (expecting 'e') ({\"a\":tru})"),
        (b'{"a":"\\x"}', 'invalid character \'x\' in string escape code ({"a":"\\x"})'),
        (b'{"a":"\n"}', 'invalid character \'\\n\' in string literal ({"a":"\n"})'),
        (b'{"a":1.}', "invalid character '}' after decimal point in numeric literal ({\"a\":1.})"),
        (b'{"a":NaN}', "invalid character 'N' looking for beginning of value ({\"a\":NaN})"),
        (b"{} x", "invalid character 'x' after top-level value ({} x)"),
        (b"nope", "invalid character 'o' in literal null (expecting 'u') (6e6f7065)"),
    ],
)
def test_malformed_json_is_told_as_go_does(data: bytes, said: str) -> None:
    error = refusal(data)
    assert error.code == 400
    assert error.message == (
        "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
        + said
    )


def test_a_list_is_no_object() -> None:
    assert "json: cannot unmarshal array into Go value of type struct {" in refusal(b"[1]").message


def test_a_body_may_be_large_but_not_deep() -> None:
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert "exceeded max depth" in refusal(deep).message
    wide = json.dumps({"data": {f"k{n}": "[" for n in range(2000)}}).encode()
    assert len(sent(wide, GroupVersionKind("", "v1", "ConfigMap")).object["data"]) == 2000


def test_a_body_may_not_be_too_large() -> None:
    error = refusal(b" " * (decode.MAX_BODY + 1))
    assert (error.code, error.reason) == (413, "RequestEntityTooLarge")
    assert error.message == "Request entity too large: limit is 3145728"


def test_other_media_types_are_refused() -> None:
    error = refusal(b"<pod/>", POD, "text/xml")
    assert error.code == 415
    assert error.message.endswith("application/json, application/yaml, application/vnd.kubernetes.protobuf")


def test_duplicates_inside_of_lists_are_found_once() -> None:
    assert jsontext.duplicates('[{"a":1,"a":2,"a":3}]') == ["[0].a"]


# --- YAML


def from_yaml(text: str, gvk: GroupVersionKind = CONFIG_MAP) -> decode.Decoded:
    return decode.body(text.encode(), YAML, gvk, "Warn")


def test_yaml_scalars_are_those_of_version_1_1() -> None:
    parsed = decode.parse(b"a: yes\nb: 0777\nc: 12:30\nd: 2024-01-01\ne: ~\nf: 1e3\ng: '1'\nh: 1_000\n", YAML)
    assert parsed.value == {
        "a": True, "b": 511, "c": "12:30", "d": "2024-01-01", "e": None, "f": 1000.0, "g": "1", "h": 1000,
    }  # fmt: skip


def test_yaml_merges_anchors() -> None:
    text = "base: &x {a: 1, b: 2}\nmade:\n  <<: *x\n  b: 3\n"
    assert decode.parse(text.encode(), YAML).value["made"] == {"a": 1, "b": 3}


def test_yaml_keys_that_stand_twice_are_told() -> None:
    decoded = from_yaml("data:\n  a: first\n  a: second\n")
    assert decoded.object["data"] == {"a": "second"}
    assert decoded.warnings == ['yaml: unmarshal errors:\n  line 3: key "a" already set in map']


def test_json_is_yaml() -> None:
    assert from_yaml('{"data": {"a": "b"}}').object["data"] == {"a": "b"}
    assert from_yaml("{data: {a: b}}").object["data"] == {"a": "b"}


def test_malformed_yaml_says_where() -> None:
    message = refusal(b"a: b\n c: [\n", POD, YAML).message
    assert "error converting YAML to JSON: yaml: line 2: " in message


def test_a_yaml_bomb_does_not_go_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 9):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    assert "document contains excessive aliasing" in refusal("\n".join(lines).encode(), POD, YAML).message
