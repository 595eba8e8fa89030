"""The arithmetic of disruption budgets and resource quotas, and that their statuses follow."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.client.resources import (
    POD_DISRUPTION_BUDGETS,
    PODS,
    REPLICA_SETS,
    RESOURCE_QUOTAS,
    SERVICES,
    Resource,
)
from hythe.kube.controllers.disruption.budget import count, still_disrupted
from hythe.kube.controllers.disruption.controller import DisruptionController
from hythe.kube.controllers.percent import scaled
from hythe.kube.controllers.quota.controller import ResourceQuotaController
from hythe.kube.controllers.quota.usage import used
from hythe.kube.objects.types import Object
from tests.kube_cluster import Pretended, running
from tests.kube_double import FakeClock


@pytest.mark.parametrize(
    ("value", "total", "up", "expected"),
    [(3, 10, True, 3), ("25%", 10, True, 3), ("25%", 10, False, 2), ("100%", 7, False, 7), ("x", 5, True, 0)],
)
def test_percentages_are_rounded_as_asked(value: int | str, total: int, up: bool, expected: int) -> None:
    assert scaled(value, total, up=up) == expected


@pytest.mark.parametrize(
    ("spec", "desired"),
    [
        ({"maxUnavailable": 1}, 9),
        ({"maxUnavailable": "30%"}, 7),
        ({"minAvailable": 4}, 4),
        ({"minAvailable": "55%"}, 6),
    ],
)
def test_how_many_must_stay_healthy(spec: Object, desired: int) -> None:
    assert count({"spec": spec}, 10).desired == desired


def test_an_eviction_that_did_not_happen_is_forgotten_after_two_minutes() -> None:
    budget = {
        "status": {"disruptedPods": {"a": "2026-01-01T00:10:00Z", "b": "2026-01-01T00:16:00Z", "c": "x"}}
    }
    there: Object = {name: {"metadata": {"name": name}} for name in "abc"}
    assert still_disrupted(budget, there, FakeClock().now()) == {"b": "2026-01-01T00:16:00Z"}


def pod(name: str, cpu: str = "", *, owner: bool = True, ready: bool = True, **spec: Any) -> Object:
    resources = {"requests": {"cpu": cpu}} if cpu else {}
    meta: Object = {"name": name, "namespace": "shop", "labels": {"app": "web"}}
    if owner:
        meta["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "rs", "controller": True}
        ]
    body = {"metadata": meta, "spec": {"containers": [{"name": "c", "resources": resources}], **spec}}
    return running(body, "2026-01-01T00:00:00Z") if ready else {**body, "status": {"phase": "Pending"}}


async def test_a_budgets_status_follows_the_pods() -> None:
    async with Pretended(DisruptionController) as at:
        replicas = {"metadata": {"name": "web", "namespace": "shop", "uid": "rs"}, "spec": {"replicas": 4}}
        at.api.put(REPLICA_SETS, replicas)
        for number in range(4):
            at.api.put(PODS, pod(f"p{number}", ready=number < 3))
        selector = {"selector": {"matchLabels": {"app": "web"}}, "maxUnavailable": "50%"}
        await at.client.create(
            POD_DISRUPTION_BUDGETS, {"metadata": {"name": "b", "namespace": "shop"}, "spec": selector}
        )
        await at.clock.advance(0)

        def numbers() -> tuple[int, int, int, int]:
            found = at.api.get(POD_DISRUPTION_BUDGETS, "b", "shop")
            assert found is not None
            status = found["status"]
            return (
                status["expectedPods"], status["desiredHealthy"], status["currentHealthy"],
                status["disruptionsAllowed"],
            )  # fmt: skip

        assert numbers() == (4, 2, 3, 1)
        at.api.put(PODS, pod("p3"))
        await at.clock.advance(0)
        assert numbers() == (4, 2, 4, 2)
        at.api.put(REPLICA_SETS, {**replicas, "spec": {"replicas": 8}})
        await at.clock.advance(0)
        assert numbers() == (8, 4, 4, 0)


def test_what_pods_use_of_a_quota() -> None:
    hard = {
        "pods": "9",
        "requests.cpu": "9",
        "cpu": "9",
        "limits.memory": "1Gi",
        "count/pods": "9",
        "services": "1",
    }
    finished = pod("done", "8")
    finished["status"]["phase"] = "Succeeded"
    greedy = pod("init", "500m", initContainers=[{"resources": {"requests": {"cpu": "2"}}}])
    pods = [pod("a", "250m"), pod("b", "1"), greedy, finished, pod("c")]

    def objects(kind: Resource) -> list[Object]:
        return pods if kind == PODS else []

    found = used({"spec": {"hard": hard}}, objects)
    assert found == {
        "pods": "4", "requests.cpu": "3250m", "cpu": "3250m", "limits.memory": "0", "count/pods": "5", "services": "0",
    }  # fmt: skip


def test_scopes_choose_the_pods_that_count() -> None:
    pods = [
        pod("a", "1"),
        pod("b"),
        pod("c", "1", activeDeadlineSeconds=5),
        pod("d", "1", priorityClassName="high"),
    ]

    def counted(**spec: Any) -> str:
        return used({"spec": {"hard": {"pods": "9"}, **spec}}, lambda _kind: pods)["pods"]

    assert counted(scopes=["BestEffort"]) == "1"
    assert counted(scopes=["NotBestEffort", "NotTerminating"]) == "2"
    high = {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
    assert counted(scopeSelector={"matchExpressions": [high]}) == "1"


async def test_a_quotas_status_goes_up_and_down() -> None:
    async with Pretended(ResourceQuotaController) as at:
        quota = {
            "metadata": {"name": "q", "namespace": "shop"},
            "spec": {"hard": {"pods": "5", "services": "1"}},
        }
        await at.client.create(RESOURCE_QUOTAS, quota)
        at.api.put(PODS, pod("a"))
        await at.client.create(SERVICES, {"metadata": {"name": "s", "namespace": "shop"}, "spec": {}})
        await at.clock.advance(0)

        def status() -> Object:
            found = at.api.get(RESOURCE_QUOTAS, "q", "shop")
            assert found is not None
            return dict(found["status"])

        assert status() == {"hard": {"pods": "5", "services": "1"}, "used": {"pods": "1", "services": "1"}}
        at.api.remove(PODS, "a", "shop")
        await at.clock.advance(0)
        assert status()["used"] == {"pods": "0", "services": "1"}
