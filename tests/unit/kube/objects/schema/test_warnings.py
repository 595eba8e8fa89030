"""Warnings: what is taken, and told to the client all the same."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects.schema import warnings
from hythe.kube.objects.types import GroupVersionKind, Object
from tests.unit.kube.objects.schema.validation.asking import CONTAINER, made, template


def said(api_version: str, kind: str, **fields: Any) -> list[str]:
    return warnings.of(made(api_version, kind, **fields), GroupVersionKind.parse(api_version, kind))


def pod(**spec: Any) -> list[str]:
    return said("v1", "Pod", spec={"containers": [CONTAINER], **spec})


def test_a_plain_pod_gives_none() -> None:
    assert pod() == []
    assert said("v1", "ConfigMap") == []


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            {"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
            'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        ),
        (
            {
                "topologySpreadConstraints": [
                    {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}
                ]
            },
            "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
        ),
        (
            {"volumes": [{"name": "v", "gitRepo": {"repository": "r"}}]},
            "spec.volumes[0].gitRepo: deprecated in v1.11",
        ),
        (
            {"imagePullSecrets": [{"name": "a"}, {"name": "a"}]},
            'spec.imagePullSecrets[1].name: duplicate name "a"',
        ),
        (
            {"containers": [{**CONTAINER, "resources": {"requests": {"memory": "100m"}}}]},
            'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an '
            "integer",
        ),
        (
            {
                "containers": [
                    {**CONTAINER, "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}
                ]
            },
            'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
        ),
    ],
)
def test_pods(spec: Object, text: str) -> None:
    assert pod(**spec) == [text]


def test_a_variable_may_build_on_itself() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A):2"}]
    assert pod(containers=[{**CONTAINER, "env": env}]) == []


def test_ports_of_a_pods_containers_are_one_set() -> None:
    first = {**CONTAINER, "ports": [{"containerPort": 80, "name": "web"}]}
    second = {**CONTAINER, "name": "d", "ports": [{"containerPort": 80, "name": "web"}]}
    assert pod(containers=[first, second]) == [
        "spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]",
        'spec.containers[1].ports[0]: duplicate port name "web" with spec.containers[0].ports[0], services and probes '
        "that select ports by name will use spec.containers[0].ports[0]",
    ]


def test_templates_are_looked_at_where_they_are() -> None:
    inner = template(restartPolicy="Never", nodeSelector={"beta.kubernetes.io/arch": "amd64"})
    text = 'nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch" instead'
    assert said("batch/v1", "Job", spec={"template": inner}) == [f"spec.template.spec.{text}"]
    cron = {"schedule": "@daily", "jobTemplate": {"spec": {"template": inner}}}
    assert said("batch/v1", "CronJob", spec=cron) == [f"spec.jobTemplate.spec.template.spec.{text}"]


def test_services() -> None:
    assert said("v1", "Service", spec={"externalName": "x.example", "ports": [{"port": 80}]}) == [
        'spec.externalName is ignored when spec.type is not "ExternalName"'
    ]
