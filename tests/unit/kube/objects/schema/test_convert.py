"""Objects in the other version of their resource: nothing is lost on the way there and back."""

from __future__ import annotations

import json

import pytest

from hythe.kube.objects.schema import convert, decode
from hythe.kube.objects.types import GroupVersionKind, Object

CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
METRICS: list[Object] = [
    CPU,
    {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
    {"type": "Pods", "pods": {"metric": {"name": "requests", "selector": {"matchLabels": {"a": "b"}}},
                              "target": {"type": "AverageValue", "averageValue": "10"}}},
    {"type": "Object", "object": {"describedObject": {"kind": "Ingress", "name": "i"}, "metric": {"name": "hits"},
                                  "target": {"type": "Value", "value": "100"}}},
    {"type": "External", "external": {"metric": {"name": "queue", "selector": {"matchLabels": {"q": "x"}}},
                                      "target": {"type": "AverageValue", "averageValue": "5"}}},
    {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "c",
                                                        "target": {"type": "Utilization", "averageUtilization": 50}}},
]  # fmt: skip


def autoscaler(**spec: object) -> Object:
    reference = {"kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "annotations": {"mine": "kept"}},
        "spec": {"scaleTargetRef": reference, "maxReplicas": 3, **spec},
        "status": {"desiredReplicas": 1},
    }


def test_the_use_of_processors_has_a_field_of_its_own_in_v1() -> None:
    old = convert.to(autoscaler(metrics=[CPU]), "autoscaling/v1")
    assert old["apiVersion"] == "autoscaling/v1"
    assert old["spec"]["targetCPUUtilizationPercentage"] == 80 and "metrics" not in old["spec"]
    assert old["metadata"]["annotations"] == {"mine": "kept"}


def test_other_metrics_are_kept_as_annotations() -> None:
    old = convert.to(autoscaler(metrics=METRICS), "autoscaling/v1")
    kept = json.loads(old["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"])
    assert kept[0] == {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "1Gi"}}
    assert kept[2]["object"] == {
        "target": {"kind": "Ingress", "name": "i"},
        "metricName": "hits",
        "targetValue": "100",
    }
    assert decode.typed(old, GroupVersionKind.of(old)).problems == []


@pytest.mark.parametrize("count", range(len(METRICS) + 1))
def test_there_and_back_nothing_is_lost(count: int) -> None:
    new = autoscaler(behavior={"scaleDown": {"selectPolicy": "Min"}})
    if count:
        new["spec"]["metrics"] = METRICS[:count]
    new["status"]["conditions"] = [{"type": "AbleToScale", "status": "True"}]
    current = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 7}}}
    new["status"]["currentMetrics"] = [current]
    back = convert.to(convert.to(new, "autoscaling/v1"), "autoscaling/v2")
    assert back == new


def test_what_v1_says_is_what_v2_has() -> None:
    old = {**autoscaler(targetCPUUtilizationPercentage=70), "apiVersion": "autoscaling/v1"}
    old["status"] = {"currentCPUUtilizationPercentage": 12}
    new = convert.to(old, "autoscaling/v2")
    assert new["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    assert new["status"]["currentMetrics"][0]["resource"]["current"] == {"averageUtilization": 12}


def test_an_annotation_that_is_no_json_does_no_harm() -> None:
    old = {**autoscaler(), "apiVersion": "autoscaling/v1"}
    old["metadata"]["annotations"] = {"autoscaling.alpha.kubernetes.io/metrics": "{"}
    assert "metrics" not in convert.to(old, "autoscaling/v2")["spec"]


def test_events_have_two_names_for_the_same() -> None:
    core: Object = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod"},
        "message": "m",
        "source": {"component": "kubelet"},
        "firstTimestamp": "2024-01-01T00:00:00Z",
        "count": 2,
        "reportingComponent": "kubelet",
        "reason": "Started",
    }
    new = convert.to(core, "events.k8s.io/v1")
    assert new["regarding"] == {"kind": "Pod"} and new["note"] == "m" and new["deprecatedCount"] == 2
    assert decode.typed(new, GroupVersionKind.of(new)).problems == []
    assert convert.to(new, "v1") == core


def test_what_has_one_version_stays_as_it_is() -> None:
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {}}
    assert convert.to(obj, "v1") is obj
