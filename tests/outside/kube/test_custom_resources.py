"""CustomResourceDefinitions as kubectl's users make and use them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.outside.kube.server import Server

CRD = r"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    selectableFields: [{jsonPath: .spec.image}]
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What is wanted.
            required: [cronSpec]
            properties:
              cronSpec: {type: string, pattern: '^\S+( \S+){4}$', description: When it runs.}
              image: {type: string, default: busybox}
              replicas: {type: integer, minimum: 1, maximum: 10}
              steps:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: {name: {type: string}, run: {type: string}}
          status: {type: object, properties: {replicas: {type: integer}}}
"""

CRONTAB = """
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: mine}
spec: {cronSpec: "* * * * *", replicas: 3, steps: [{name: a, run: "1"}]}
"""


@pytest.fixture(scope="module")
def defined(server: Server) -> Iterator[Server]:
    server.kubectl("apply", "-f", "-", stdin=CRD)
    server.kubectl("wait", "--for=condition=Established", "crd/crontabs.stable.example.com")
    yield server
    server.kubectl("delete", "crd", "crontabs.stable.example.com")


def test_it_is_found_explained_and_shown(defined: Server, namespace: str) -> None:
    assert "crontabs.stable.example.com" in defined.kubectl("api-resources", "-o", "name").split()
    assert "When it runs." in defined.kubectl("explain", "crontab.spec.cronSpec")
    defined.kubectl("apply", "-n", namespace, "-f", "-", stdin=CRONTAB)
    head, row = (line.split("  ") for line in defined.kubectl("get", "ct", "-n", namespace).splitlines())
    assert [word.strip() for word in head if word] == ["NAME", "SPEC", "REPLICAS"]
    assert [word.strip() for word in row if word] == ["mine", "* * * * *", "3"]
    assert "crontab.stable.example.com/mine" in defined.kubectl("get", "all", "-n", namespace, "-o", "name")
    get = ("get", "ct", "-n", namespace, "-o", "name", "--field-selector")
    assert defined.kubectl(*get, "spec.image=busybox").strip() == "crontab.stable.example.com/mine"
    assert "field label not supported: spec.x" in defined.refused(*get, "spec.x=1")


def test_values_are_checked_defaulted_and_pruned(defined: Server, namespace: str) -> None:
    def refused(old: str, new: str) -> str:
        text = CRONTAB.replace(old, new)
        return defined.refused("apply", "-n", namespace, "-f", "-", stdin=text)

    said = refused("replicas: 3", "replicas: 30")
    assert (
        'The CronTab "mine" is invalid: spec.replicas: Invalid value: 30: '
        "spec.replicas in body should be less than or equal to 10"
    ) in said
    assert 'unknown field "spec.replicaz"' in refused("replicas: 3", "replicaz: 3")
    assert "spec.cronSpec: Required value" in refused('cronSpec: "* * * * *", ', "")
    text = CRONTAB.replace("replicas: 3", "replicaz: 3")
    defined.kubectl("apply", "-n", namespace, "-f", "-", "--validate=false", stdin=text)
    spec = json.loads(defined.kubectl("get", "ct", "mine", "-n", namespace, "-o", "json"))["spec"]
    assert spec == {"cronSpec": "* * * * *", "image": "busybox", "steps": [{"name": "a", "run": "1"}]}


def test_status_and_scale_are_apart(defined: Server, namespace: str) -> None:
    def run(*words: str) -> str:
        return defined.kubectl(*words, "-n", namespace)

    defined.kubectl("apply", "-n", namespace, "-f", "-", stdin=CRONTAB)
    run("scale", "ct", "mine", "--replicas=5")
    both = '{"spec":{"replicas":9},"status":{"replicas":4}}'
    run("patch", "ct", "mine", "--subresource=status", "--type=merge", "-p", both)
    found = json.loads(run("get", "ct", "mine", "-o", "json"))
    assert (found["spec"]["replicas"], found["status"]) == (5, {"replicas": 4})
    assert found["metadata"]["generation"] == 2
    scale = json.loads(run("get", "ct", "mine", "--subresource=scale", "-o", "json"))
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (5, 4)


def test_lists_are_merged_by_their_keys(defined: Server, namespace: str) -> None:
    apply = ("apply", "--server-side", "-n", namespace, "-f", "-")
    defined.kubectl(*apply, stdin=CRONTAB)
    other = CRONTAB.replace("replicas: 3, steps: [{name: a", "steps: [{name: b")
    defined.kubectl(*apply, "--field-manager=other", stdin=other)
    words = ("get", "ct", "mine", "-n", namespace, "-o", "jsonpath={.spec.steps[*].name}")
    assert defined.kubectl(*words) == "a b"
    changed = CRONTAB.replace('run: "1"', 'run: "2"')
    conflict = defined.refused(*apply, "--field-manager=other", stdin=changed)
    assert 'conflict with "kubectl": .spec.steps[name="a"].run' in conflict
    strategic = ("patch", "ct", "mine", "-n", namespace, "--type=strategic", "-p", "{}")
    assert "the body of the request was in an unknown format" in defined.refused(*strategic)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "type: string, default: busybox",
            "type: text",
            'Unsupported value: "text": supported values: "array"',
        ),
        ("minimum: 1", "default: x", 'default: Invalid value: "string"'),
        (
            "type: string, default: busybox",
            "type: string, x-kubernetes-validations: [{rule: self.foo}]",
            "type 'string' does not support field selection",
        ),
        ("storage: true", "storage: false", "must have exactly one version marked as storage version"),
    ],
)
def test_a_bad_definition_is_refused(server: Server, old: str, new: str, message: str) -> None:
    text = CRD.replace(old, new, 1).replace("crontabs", "badtabs").replace("CronTab", "BadTab")
    assert message in server.refused("apply", "-f", "-", stdin=text)


def test_objects_go_with_their_definition(server: Server, namespace: str) -> None:
    definition = CRD.replace("crontabs", "tabs").replace("CronTab", "Tab").replace("[ct]", "[]")
    server.kubectl("apply", "-f", "-", stdin=definition)
    server.kubectl("wait", "--for=condition=Established", "crd/tabs.stable.example.com")
    server.kubectl("apply", "-n", namespace, "-f", "-", stdin=CRONTAB.replace("CronTab", "Tab"))
    server.kubectl("delete", "crd", "tabs.stable.example.com")
    server.refused("get", "tabs", "-n", namespace)
    server.kubectl("apply", "-f", "-", stdin=definition)
    server.kubectl("wait", "--for=condition=Established", "crd/tabs.stable.example.com")
    assert server.kubectl("get", "tabs.stable.example.com", "-A", "-o", "name") == ""
    server.kubectl("delete", "crd", "tabs.stable.example.com")


RULED = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: spans.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: spans, kind: Span}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            x-kubernetes-validations:
            - {rule: self.low <= self.high, message: low must not be above high}
            - {rule: "self.high >= oldSelf.high", messageExpression: "'never below ' + string(oldSelf.high)"}
            properties: {low: {type: integer}, high: {type: integer}}
"""

SPAN = """
apiVersion: stable.example.com/v1
kind: Span
metadata: {name: one}
spec: {low: 1, high: 5}
"""


def test_rules_in_cel_are_held(server: Server, namespace: str) -> None:
    server.kubectl("apply", "-f", "-", stdin=RULED)
    try:
        server.kubectl("wait", "--for=condition=Established", "crd/spans.stable.example.com")
        apply = ("apply", "-n", namespace, "-f", "-")
        server.kubectl(*apply, stdin=SPAN)
        bad = server.refused(*apply, stdin=SPAN.replace("low: 1", "low: 9"))
        assert 'The Span "one" is invalid: spec: Invalid value: "object": low must not be above high' in bad
        bad = server.refused(*apply, stdin=SPAN.replace("high: 5", "high: 4"))
        assert 'spec: Invalid value: "object": never below 5' in bad
        server.kubectl(*apply, stdin=SPAN.replace("high: 5", "high: 6"))
    finally:
        server.kubectl("delete", "crd", "spans.stable.example.com")
