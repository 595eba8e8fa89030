"""Deployments, sets, jobs: selectors, templates, strategies, schedules; and what of them stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects.schema.validation import cron
from hythe.kube.objects.types import Object
from tests.unit.kube.objects.schema.validation.asking import SELECTOR, changed, made, message, template, wrong


def deployment(**spec: Any) -> list[str]:
    return wrong("apps/v1", "Deployment", spec={"selector": SELECTOR, "template": template(), **spec})


def test_a_good_one() -> None:
    assert deployment() == []


def test_nothing_at_all() -> None:
    assert message("apps/v1", "Deployment", metadata={"name": "web"}) == (
        'Deployment.apps "web" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid '
        "value: map[string]string(nil): `selector` does not match template `labels`, "
        "spec.template.spec.containers: Required value]"
    )


def test_the_selector_fits_the_template() -> None:
    assert deployment(selector={"matchLabels": {"app": "y"}}) == [
        'spec.template.metadata.labels: Invalid value: map[string]string{"app":"x"}: `selector` does not match '
        "template `labels`"
    ]
    assert deployment(selector={}) == [
        "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), "
        "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for deployment"
    ]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"replicas": -1}, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (
            {"template": template(restartPolicy="Never")},
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        ),
        (
            {"strategy": {"type": "Recreate", "rollingUpdate": {}}},
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ),
        (
            {"strategy": {"type": "Blue"}},
            'spec.strategy: Unsupported value: apps.DeploymentStrategy{Type:"Blue", '
            'RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}: supported values: "Recreate", "RollingUpdate"',
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": "a lot"}}},
            'spec.strategy.rollingUpdate.maxSurge: Invalid value: "a lot": a valid percent string must be a numeric '
            "string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
        (
            {"progressDeadlineSeconds": 10, "minReadySeconds": 10},
            "spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds",
        ),
    ],
)
def test_fields_of_a_deployment(spec: Object, said: str) -> None:
    assert deployment(**spec) == [said]


def test_a_template_is_looked_at_like_a_pod() -> None:
    found = deployment(template=template(containers=[{"name": "C", "image": ""}]))
    assert [one.partition(": ")[0] for one in found] == [
        "spec.template.spec.containers[0].name",
        "spec.template.spec.containers[0].image",
    ]
    labelled = {**template(), "metadata": {"labels": {"app": "x", "a b": "c"}}}
    assert deployment(template=labelled)[0].startswith(
        'spec.template.labels: Invalid value: "a b": name part must'
    )


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "DaemonSet"])
def test_a_selector_stays_as_it_is(kind: str) -> None:
    spec = {"selector": SELECTOR, "template": template()}
    new = {"matchLabels": {"app": "x", "tier": "y"}}
    both = {**template(), "metadata": {"labels": {"app": "x", "tier": "y"}}}
    assert changed(
        made("apps/v1", kind, spec=spec), spec__selector=new, spec__template__metadata=both["metadata"]
    ) == [
        'spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"x", "tier":"y"}, '
        "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable"
    ]


def test_a_stateful_set_changes_in_few_ways() -> None:
    old = made(
        "apps/v1", "StatefulSet", spec={"selector": SELECTOR, "template": template(), "serviceName": "s"}
    )
    assert changed(old, spec__replicas=3) == []
    assert changed(old, spec__serviceName="t") == [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    ]


def test_a_stateful_set_mounts_what_its_claims_will_be() -> None:
    mounts = [{"name": "data", "mountPath": "/data"}]
    spec: Object = {
        "selector": SELECTOR,
        "serviceName": "db",
        "template": template(containers=[{"name": "db", "image": "postgres", "volumeMounts": mounts}]),
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }
        ],
    }
    assert wrong("apps/v1", "StatefulSet", spec=spec) == []
    spec["template"]["metadata"]["labels"]["a b"] = "c"
    assert wrong("apps/v1", "StatefulSet", spec=spec)[0].startswith(
        'spec.template.labels: Invalid value: "a b": '
    )


def test_a_stateful_set_says_how_it_is_managed() -> None:
    spec = {"selector": SELECTOR, "template": template(), "podManagementPolicy": "Loose"}
    assert wrong("apps/v1", "StatefulSet", spec=spec) == [
        "spec.podManagementPolicy: Invalid value: \"Loose\": must be 'OrderedReady' or 'Parallel'"
    ]


def test_daemons_surge_or_are_taken_but_not_both() -> None:
    spec = {
        "selector": SELECTOR,
        "template": template(),
        "updateStrategy": {"rollingUpdate": {"maxSurge": 1}},
    }
    assert wrong("apps/v1", "DaemonSet", spec=spec) == [
        "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"
    ]


# --- jobs


def job(**spec: Any) -> list[str]:
    return wrong("batch/v1", "Job", spec={"template": template(restartPolicy="Never"), **spec})


def test_a_job_ends() -> None:
    assert job() == []
    assert job(template=template()) == [
        'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
    ]
    assert job(completions=-1)[0] == "spec.completions: Invalid value: -1: must be greater than or equal to 0"
    assert job(completionMode="Indexed", parallelism=1) == [
        "spec.completions: Required value: when completion mode is Indexed"
    ]


def test_what_a_failure_means_is_told_one_way() -> None:
    rules: list[Object] = [{"action": "Ignore"}]
    assert job(podFailurePolicy={"rules": rules}) == [
        "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"
    ]


def test_a_selector_of_ones_own_fits() -> None:
    assert job(manualSelector=True) == ["spec.selector: Required value"]
    assert job(manualSelector=True, selector={"matchLabels": {"a": "b"}}) == [
        'spec.template.metadata.labels: Invalid value: map[string]string{"app":"x"}: `selector` does not match '
        "template `labels`"
    ]


def test_a_job_is_what_it_was() -> None:
    old = made("batch/v1", "Job", spec={"template": template(restartPolicy="Never")})
    assert changed(old, spec__parallelism=3) == []
    assert changed(old, spec__completions=2) == ["spec.completions: Invalid value: 2: field is immutable"]
    found = changed(old, spec__template__spec__containers__0__image="other")
    assert len(found) == 1 and found[0].startswith("spec.template: Invalid value: ")
    old["spec"]["suspend"] = True
    assert changed(old, spec__template__spec__nodeSelector={"a": "b"}) == []


def cron_job(**spec: Any) -> list[str]:
    inner = {"spec": {"template": template(restartPolicy="OnFailure")}}
    return wrong("batch/v1", "CronJob", spec={"schedule": "* * * * *", "jobTemplate": inner, **spec})


def test_a_schedule() -> None:
    assert cron_job() == []
    assert cron_job(schedule="every day") == [
        'spec.schedule: Invalid value: "every day": expected exactly 5 fields, found 2: [every day]'
    ]
    assert cron_job(timeZone="Nowhere/Land") == [
        'spec.timeZone: Invalid value: "Nowhere/Land": unknown time zone Nowhere/Land'
    ]
    assert cron_job(timeZone="Europe/Berlin") == []
    assert len(cron_job(timeZone="../../etc/passwd")) == len(cron_job(timeZone="Europe")) == 1


@pytest.mark.parametrize(
    "good",
    ["* * * * *", "*/5 0 1,15 jan-mar MON-FRI", "@hourly", "@every 1h30m", "0 0 ? * 0", "5/10 * * * *"],
)
def test_good_schedules(good: str) -> None:
    assert cron.problem(good) == ""


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@never", "unrecognized descriptor: @never"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
    ],
)
def test_bad_schedules(bad: str, said: str) -> None:
    assert cron.problem(bad) == said


def test_the_name_of_a_cron_job_leaves_room_for_its_jobs() -> None:
    inner = {"spec": {"template": template(restartPolicy="OnFailure")}}
    spec = {"schedule": "@daily", "jobTemplate": inner}
    found = wrong("batch/v1", "CronJob", metadata={"name": "x" * 53}, spec=spec)
    assert found == [f'metadata.name: Invalid value: "{"x" * 53}": must be no more than 52 characters']
