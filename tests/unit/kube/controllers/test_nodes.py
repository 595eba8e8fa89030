"""Silent nodes, taints, evictions, and pods that nobody else takes away."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.client.clock import micro_timestamp, timestamp
from hythe.kube.client.resources import LEASES, NODES, PODS
from hythe.kube.controllers.node.eviction import TaintEvictionController
from hythe.kube.controllers.node.lifecycle import NodeLifecycleController
from hythe.kube.controllers.node.taints import patience, wanted
from hythe.kube.controllers.node.ttl import NodeTtlController, seconds
from hythe.kube.controllers.podgc.controller import PodGarbageCollector
from hythe.kube.objects.types import Object
from tests.kube_cluster import Pretended, running
from tests.kube_double import FakeClock

UNREACHABLE = "node.kubernetes.io/unreachable"


def node(name: str = "a", ready: str = "True", *taints: Object, **spec: Any) -> Object:
    conditions = [{"type": "Ready", "status": ready, "lastHeartbeatTime": "2026-01-01T00:00:00Z"}]
    return {
        "metadata": {"name": name}, "spec": {"taints": list(taints), **spec}, "status": {"conditions": conditions},
    }  # fmt: skip


def pod(name: str, on: str = "a", **spec: Any) -> Object:
    body = {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"containers": [], "nodeName": on, **spec},
    }
    return running(body, "2026-01-01T00:00:00Z")


def lease(at: Pretended, name: str = "a") -> None:
    spec = {"renewTime": micro_timestamp(at.clock.now()), "holderIdentity": name}
    at.api.put(LEASES, {"metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": spec})


def ready(at: Pretended, name: str = "a") -> Object:
    found = at.api.get(NODES, name)
    assert found is not None
    return next(dict(each) for each in found["status"]["conditions"] if each["type"] == "Ready")


def taints(at: Pretended, name: str = "a") -> set[tuple[str, str]]:
    found = at.api.get(NODES, name)
    assert found is not None
    return {(each["key"].rpartition("/")[2], each["effect"]) for each in found["spec"].get("taints") or ()}


async def test_a_node_that_renews_its_lease_is_left_alone_and_a_silent_one_is_not() -> None:
    async with Pretended(NodeLifecycleController) as at:
        at.api.put(NODES, node())
        at.api.put(NODES, node("b"))
        at.api.put(PODS, pod("x"))
        for _ in range(12):
            lease(at)
            lease(at, "b")
            await at.clock.advance(10)
        assert ready(at)["status"] == "True"
        for seconds_more in (39, 12):
            assert ready(at)["status"] == "True"
            lease(at, "b")
            await at.clock.advance(seconds_more)
        found = ready(at)
        assert (found["status"], found["reason"]) == ("Unknown", "NodeStatusUnknown")
        assert found["message"] == "Kubelet stopped posting node status."
        assert taints(at) == {("unreachable", "NoSchedule"), ("unreachable", "NoExecute")}
        body = at.api.get(PODS, "x", "shop")
        assert body is not None
        assert body["status"]["conditions"][0]["status"] == "False"
        found_node = at.api.get(NODES, "a")
        assert found_node is not None
        found_node["status"]["conditions"] = [
            {"type": "Ready", "status": "True", "lastHeartbeatTime": timestamp(at.clock.now())}
        ]
        at.api.put(NODES, found_node)
        await at.clock.advance(1)
        assert taints(at) == set()


async def test_conditions_and_cordons_become_taints_and_others_taints_stay() -> None:
    async with Pretended(NodeLifecycleController) as at:
        own = {"key": "gpu", "effect": "NoSchedule"}
        at.api.put(NODES, node("well"))
        at.api.put(NODES, node("a", "False", own, unschedulable=True))
        await at.clock.advance(0)
        assert taints(at) == {
            ("gpu", "NoSchedule"), ("not-ready", "NoSchedule"), ("not-ready", "NoExecute"),
            ("unschedulable", "NoSchedule"),
        }  # fmt: skip
        known = at.api.get(NODES, "a")
        assert known is not None
        assert wanted(known, FakeClock().now()) == known["spec"]["taints"]


async def test_when_no_node_is_ready_nobody_is_evicted() -> None:
    async with Pretended(NodeLifecycleController) as at:
        at.api.put(NODES, node("a"))
        at.api.put(NODES, node("b", "False"))
        await at.clock.advance(1)
        assert taints(at, "b") == {("not-ready", "NoSchedule"), ("not-ready", "NoExecute")}
        await at.clock.advance(60)
        assert ready(at)["status"] == "Unknown"
        assert taints(at, "a") == {("unreachable", "NoSchedule")}
        assert {effect for _, effect in taints(at, "b")} == {"NoSchedule"}


def test_how_long_a_pod_puts_up_with_taints() -> None:
    taint = {"key": UNREACHABLE, "effect": "NoExecute"}

    def tolerating(*tolerations: Object) -> float | None:
        return patience(pod("x", tolerations=list(tolerations)), [taint])

    assert tolerating() == 0
    assert tolerating({"operator": "Exists"}) is None
    mine = {"key": UNREACHABLE, "operator": "Exists", "effect": "NoExecute"}
    assert tolerating({**mine, "tolerationSeconds": 300}, {**mine, "tolerationSeconds": 5}) == 5
    assert tolerating({**mine, "effect": "NoSchedule"}) == 0
    assert patience(pod("x"), [{"key": "x", "effect": "NoSchedule"}]) is None


async def test_pods_are_evicted_when_their_patience_is_over_unless_the_taint_goes() -> None:
    async with Pretended(TaintEvictionController) as at:
        mine = {"key": UNREACHABLE, "operator": "Exists", "effect": "NoExecute"}
        at.api.put(PODS, pod("now"))
        at.api.put(PODS, pod("later", tolerations=[{**mine, "tolerationSeconds": 30}]))
        at.api.put(PODS, pod("longer", tolerations=[{**mine, "tolerationSeconds": 60}]))
        at.api.put(PODS, pod("never", tolerations=[mine]))
        at.api.put(PODS, pod("elsewhere", "b"))
        at.api.put(NODES, node())
        at.api.put(NODES, node("b"))

        def going() -> set[str]:
            return {
                each["metadata"]["name"] for each in at.pods() if each["metadata"].get("deletionTimestamp")
            }

        await at.clock.advance(5)
        assert going() == set()
        added = {"key": UNREACHABLE, "effect": "NoExecute", "timeAdded": timestamp(at.clock.now())}
        at.api.put(NODES, node("a", "Unknown", added))
        await at.clock.advance(1)
        assert going() == {"now"}
        await at.clock.advance(31)
        assert going() == {"now", "later"}
        at.api.put(NODES, node())
        await at.clock.advance(100)
        assert going() == {"now", "later"}


async def test_pods_of_nodes_that_are_gone_fail_and_go_after_a_while() -> None:
    async with Pretended(PodGarbageCollector) as at:
        at.api.put(NODES, node())
        at.api.put(PODS, pod("x"))
        at.api.put(PODS, pod("stray", "never-there"))
        await at.clock.advance(30)
        assert len(at.pods()) == 2
        await at.clock.advance(15)
        assert [each["metadata"]["name"] for each in at.pods()] == ["x"]
        at.api.remove(NODES, "a")
        await at.clock.advance(10)
        at.api.put(NODES, node())  # it was only renewed
        await at.clock.advance(60)
        assert len(at.pods()) == 1


async def test_pods_that_never_had_a_node_and_those_out_of_service_go_at_once() -> None:
    async with Pretended(PodGarbageCollector) as at:
        at.api.put(NODES, node())
        for body in (pod("homeless", ""), pod("stuck"), pod("well")):
            if body["metadata"]["name"] != "well":
                body["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            at.api.put(PODS, body)
        await at.clock.advance(1)
        assert sorted(each["metadata"]["name"] for each in at.pods()) == ["stuck", "well"]
        taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
        at.api.put(NODES, node("a", "True", taint))
        await at.clock.advance(1)
        assert [each["metadata"]["name"] for each in at.pods()] == ["well"]


@pytest.mark.parametrize(("nodes", "expected"), [(1, 0), (100, 0), (101, 15), (1500, 60), (9000, 300)])
def test_the_larger_the_cluster_the_less_often_kubelets_ask(nodes: int, expected: int) -> None:
    assert seconds(nodes) == expected


async def test_nodes_are_told_how_long_they_may_cache() -> None:
    async with Pretended(NodeTtlController) as at:
        at.api.put(NODES, node())
        await at.clock.advance(0)
        found = at.api.get(NODES, "a")
        assert found is not None
        assert found["metadata"]["annotations"] == {"node.alpha.kubernetes.io/ttl": "0"}
