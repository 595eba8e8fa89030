"""Bad manifests through unmodified kubectl: Kubernetes' own message, and nothing stored."""

from __future__ import annotations

import pytest

from tests.outside.kube.api import Api
from tests.outside.kube.server import Server

GO = "json: cannot unmarshal"
QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %s
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{name: c, image: i%s}]}"

BAD = {
    "a wrong type": (
        DEPLOYMENT % "three",
        f'Error from server (BadRequest): error when creating "STDIN": Deployment in version "v1" cannot be handled as '
        f"a Deployment: {GO} string into Go struct field DeploymentSpec.spec.replicas of type int32\n",
    ),
    "an unknown field": (
        POD % ", comand: [x]",
        'Error from server (BadRequest): error when creating "STDIN": Pod in version "v1" cannot be handled as a Pod: '
        'strict decoding error: unknown field "spec.containers[0].comand"\n',
    ),
    "a bad quantity": (
        POD % ", resources: {limits: {cpu: 1x}}",
        'Error from server (BadRequest): error when creating "STDIN": Pod in version "v1" cannot be handled as a Pod: '
        f"{QUANTITY}\n",
    ),
    "a bad name": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Not_Good}",
        f'The ConfigMap "Not_Good" is invalid: metadata.name: Invalid value: "Not_Good": {SUBDOMAIN}\n',
    ),
    "no name": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {}",
        'The ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required\n',
    ),
    "several mistakes": (
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {type: Foo, ports: [{port: 1}, {port: 2}]}",
        'The Service "s" is invalid: \n'
        '* spec.type: Unsupported value: "Foo": supported values: "ClusterIP", "ExternalName", "LoadBalancer", '
        '"NodePort"\n* spec.ports[0].name: Required value\n* spec.ports[1].name: Required value\n',
    ),
    "a job that never ends": (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\n"
        "spec: {template: {spec: {containers: [{name: c, image: i}]}}}",
        'The Job "j" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", '
        '"Never"\n',
    ),
    "too much": (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata: {{a: {'x' * 5_000_000}}}",
        'Error from server (RequestEntityTooLarge): error when creating "STDIN": Request entity too large: limit is '
        "3145728\n",
    ),
    "more than a config map holds": (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata: {{a: {'x' * 1_100_000}}}",
        'The ConfigMap "big" is invalid: []: Too long: may not be more than 1048576 bytes\n',
    ),
}


def everything(server: Server, namespace: str) -> str:
    kinds = "pods,deployments,jobs,services,configmaps"
    return server.kubectl("get", kinds, "-n", namespace, "-o", "name")


@pytest.mark.parametrize("bad", BAD)
def test_it_is_refused_and_nothing_is_stored(server: Server, namespace: str, bad: str) -> None:
    manifest, said = BAD[bad]
    before = everything(server, namespace)
    assert server.refused("create", "-n", namespace, "-f", "-", stdin=manifest) == said
    assert everything(server, namespace) == before


def test_what_does_not_change_does_not_change(server: Server, namespace: str) -> None:
    server.kubectl("apply", "-n", namespace, "-f", "-", stdin=DEPLOYMENT % 1)
    before = server.kubectl("get", "deployment", "web", "-n", namespace, "-o", "yaml")
    patch = (
        '{"spec":{"selector":{"matchLabels":{"tier":"x"}},"template":{"metadata":{"labels":{"tier":"x"}}}}}'
    )
    assert server.refused("patch", "deployment", "web", "-n", namespace, "-p", patch) == (
        'The Deployment "web" is invalid: spec.selector: Invalid value: v1.LabelSelector{MatchLabels:'
        'map[string]string{"app":"web", "tier":"x"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is '
        "immutable\n"
    )
    assert server.kubectl("get", "deployment", "web", "-n", namespace, "-o", "yaml") == before


def test_a_pod_changes_little(server: Server, namespace: str) -> None:
    server.kubectl("create", "-n", namespace, "-f", "-", stdin=POD % "")
    server.kubectl("set", "image", "pod/one", "c=other", "-n", namespace)
    said = server.refused("patch", "pod", "one", "-n", namespace, "-p", '{"spec":{"hostname":"x"}}')
    assert said.startswith(
        'The Pod "one" is invalid: spec: Forbidden: pod updates may not change fields other than '
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    )


def test_what_is_hardly_meant_is_taken_with_a_warning(server: Server, namespace: str) -> None:
    manifest = POD % ", env: [{name: A, value: one}, {name: A, value: two}]"
    answer = server.run("create", "-n", namespace, "-f", "-", stdin=manifest)
    assert answer.out == "pod/one created\n"
    assert answer.err == (
        'Warning: spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply\n'
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b'{"metadata": {"name": "x"',
            "couldn't get version/kind; json parse error: unexpected end of JSON input",
        ),
        (b"{name: x}", "invalid character 'n' looking for beginning of object key string ({name: x})"),
        (b"[" * 100_000, "exceeded max depth"),
    ],
)
def test_malformed_json(api: Api, room: str, body: bytes, said: str) -> None:
    answer = api("POST", f"{room}/configmaps", body)
    assert (answer.code, answer.body["reason"]) == (400, "BadRequest")
    assert said in answer.body["message"]


def test_malformed_yaml(api: Api, room: str) -> None:
    answer = api("POST", f"{room}/configmaps", b"metadata:\n  name: [", kind="application/yaml")
    assert answer.code == 400
    assert "error converting YAML to JSON: yaml: line " in answer.body["message"]


def test_a_yaml_bomb(api: Api, room: str) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 9):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    answer = api("POST", f"{room}/configmaps", "\n".join(lines).encode(), kind="application/yaml")
    assert answer.code == 400 and "document contains excessive aliasing" in answer.body["message"]
