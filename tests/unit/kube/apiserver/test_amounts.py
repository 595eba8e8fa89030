"""What pods and others use of quotas, and the class that follows from what they ask for."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.apiserver.admission.limits import check, fill
from hythe.kube.apiserver.admission.qos import qos_class
from hythe.kube.apiserver.admission.usage import pod_amounts, usage
from hythe.kube.objects.quantity import parse
from hythe.kube.objects.schema.resources import Resource, builtin

Object = dict[str, Any]


def _container(cpu: str = "", limit: str = "", **more: Any) -> Object:
    resources: Object = {}
    if cpu:
        resources["requests"] = {"cpu": cpu}
    if limit:
        resources["limits"] = {"cpu": limit}
    return {"name": "a", "resources": resources, **more}


def _resource(plural: str) -> Resource:
    found = builtin().get("", "v1", plural)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("containers", "init", "expected"),
    [
        ([_container("100m"), _container("200m")], [], "300m"),
        ([_container("100m")], [_container("500m"), _container("50m")], "500m"),
        ([_container("100m")], [_container("50m", restartPolicy="Always")], "150m"),
        ([_container("100m")], [_container("50m", restartPolicy="Always"), _container("200m")], "250m"),
    ],
)
def test_a_pod_asks_for_its_containers_or_its_largest_beginning(
    containers: list[Object], init: list[Object], expected: str
) -> None:
    requests, _ = pod_amounts({"containers": containers, "initContainers": init})
    assert requests["cpu"] == parse(expected)


def test_overhead_is_added() -> None:
    requests, limits = pod_amounts({"containers": [_container("1")], "overhead": {"cpu": "250m"}})
    assert (requests, limits) == ({"cpu": parse("1250m")}, {})


def test_what_each_uses() -> None:
    pod: Object = {"spec": {"containers": [_container("1", "2")]}, "status": {"phase": "Running"}}
    found = usage(_resource("pods"), pod)
    assert {name: str(amount) for name, amount in found.items()} == {
        "count/pods": "1",
        "pods": "1",
        "cpu": "1",
        "requests.cpu": "1",
        "limits.cpu": "2",
    }
    assert usage(_resource("pods"), {**pod, "status": {"phase": "Failed"}}) == {"count/pods": parse("1")}
    service = {"spec": {"type": "LoadBalancer", "ports": [{"nodePort": 1}, {"nodePort": 2}]}}
    found = usage(_resource("services"), service)
    assert {name: str(amount) for name, amount in found.items()} == {
        "count/services": "1",
        "services": "1",
        "services.nodeports": "2",
        "services.loadbalancers": "1",
    }
    claim = {"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}}
    found = usage(_resource("persistentvolumeclaims"), claim)
    assert str(found["fast.storageclass.storage.k8s.io/requests.storage"]) == "1Gi"


@pytest.mark.parametrize(
    ("requests", "limits", "expected"),
    [
        ({}, {}, "BestEffort"),
        ({"cpu": "1"}, {}, "Burstable"),
        ({}, {"cpu": "1"}, "Burstable"),
        ({}, {"cpu": "1", "memory": "1Gi"}, "Guaranteed"),
        ({"cpu": "1000m", "memory": "1Gi"}, {"cpu": "1", "memory": "1024Mi"}, "Guaranteed"),
        ({"cpu": "500m"}, {"cpu": "1", "memory": "1Gi"}, "Burstable"),
        ({"cpu": "0"}, {}, "BestEffort"),
    ],
)
def test_the_class_of_service(requests: Object, limits: Object, expected: str) -> None:
    assert qos_class({"containers": [{"resources": {"requests": requests, "limits": limits}}]}) == expected


def test_what_a_container_does_not_say_is_filled_in() -> None:
    item = {"default": {"cpu": "2", "memory": "1Gi"}, "defaultRequest": {"cpu": "1"}}
    bare: Object = {}
    fill(bare, item)
    assert bare["resources"] == {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "1"}}
    limited: Object = {"resources": {"limits": {"cpu": "4"}}}
    fill(limited, item)
    assert limited["resources"] == {"limits": {"cpu": "4", "memory": "1Gi"}, "requests": {"cpu": "4"}}


def test_the_words_of_a_limit() -> None:
    item = {"min": {"cpu": "100m"}, "max": {"cpu": "1"}, "maxLimitRequestRatio": {"cpu": "2"}}
    said = list(check(item, "Container", {"cpu": parse("50m")}, {"cpu": parse("2")}))
    assert said == [
        "minimum cpu usage per Container is 100m, but request is 50m",
        "maximum cpu usage per Container is 1, but limit is 2",
        "cpu max limit to request ratio per Container is 2, but provided ratio is 40.000000",
    ]
    assert list(check(item, "Container", {"cpu": parse("1")}, {"cpu": parse("1")})) == []
    assert "No limit is specified" in " ".join(check(item, "Container", {}, {}))
