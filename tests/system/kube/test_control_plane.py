"""Controllers and scheduler on the real API server, driven by an unmodified kubectl; the nodes are pretended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hythe.kube.client.resources import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    JOBS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SERVICES,
    STATEFUL_SETS,
    Resource,
)
from hythe.kube.controllers.pods import is_active, is_ready
from hythe.kube.objects.types import Object
from tests.kube_cluster import deployment, template
from tests.kube_server import ControlPlane
from tests.waiting import PATIENCE

pytestmark = pytest.mark.root


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    async with ControlPlane(tmp_path / "server") as made:
        await made.add_nodes(3)
        await made.client.create(NAMESPACES, {"metadata": {"name": "shop"}})
        yield made


def ready(plane: ControlPlane, image: str = "") -> list[Object]:
    return [
        pod for pod in plane.pods(app="web")
        if is_ready(pod) and is_active(pod) and image in ("", pod["spec"]["containers"][0]["image"])
    ]  # fmt: skip


async def test_a_rollout_as_kubectl_sees_it(plane: ControlPlane) -> None:
    shop = ("-n", "shop")
    await plane.client.create(DEPLOYMENTS, deployment(4))
    await plane.kubectl(*shop, "rollout", "status", "deploy/web", "--timeout=30s")
    seen: list[tuple[int, int]] = []
    watching = asyncio.ensure_future(_counts(plane, seen))
    await plane.kubectl(*shop, "set", "image", "deploy/web", "web=web:2")
    done = await plane.kubectl(*shop, "rollout", "status", "deploy/web", "--timeout=30s")
    watching.cancel()
    assert "successfully rolled out" in done
    assert len(ready(plane, "web:2")) == 4
    assert min(available for available, _ in seen) >= 3
    assert max(alive for _, alive in seen) <= 5

    plane.starts = lambda pod: None if "bad" in pod["spec"]["containers"][0]["image"] else 0.05
    patch = {"spec": {"progressDeadlineSeconds": 2, "template": template("bad")}}
    await plane.client.patch(DEPLOYMENTS, "web", patch, "shop")
    failed = await plane.kubectl(*shop, "rollout", "status", "deploy/web", "--timeout=30s", fails=True)
    assert "exceeded its progress deadline" in failed
    assert len(ready(plane, "web:2")) == 3

    history = await plane.kubectl(*shop, "rollout", "history", "deploy/web")
    assert [line.split()[0] for line in history.splitlines() if line[:1].isdigit()] == ["1", "2", "3"]
    await plane.kubectl(*shop, "rollout", "undo", "deploy/web")
    await plane.kubectl(*shop, "rollout", "status", "deploy/web", "--timeout=30s")
    assert len(ready(plane, "web:2")) == 4
    await plane.kubectl(*shop, "rollout", "undo", "deploy/web", "--to-revision=1")
    await plane.kubectl(*shop, "rollout", "status", "deploy/web", "--timeout=30s")
    assert len(ready(plane, "web:1")) == 4
    await plane.kubectl(*shop, "rollout", "restart", "deploy/web")
    await plane.kubectl(*shop, "rollout", "status", "deploy/web", "--timeout=30s")
    described = await plane.kubectl(*shop, "describe", "deploy", "web")
    assert "NewReplicaSetAvailable" in described
    assert "Scaled up replica set web-" in described


async def _counts(plane: ControlPlane, seen: list[tuple[int, int]]) -> None:
    while True:
        alive = [pod for pod in plane.pods(app="web") if is_active(pod)]
        seen.append((len(list(filter(is_ready, alive))), len(alive)))
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
async def test_a_deletion_takes_its_dependents_or_leaves_them(plane: ControlPlane, cascade: str) -> None:
    await plane.client.create(DEPLOYMENTS, deployment(2))
    await plane.until(lambda: len(ready(plane)) == 2, what="the deployment")
    await plane.kubectl("-n", "shop", "delete", "deploy", "web", f"--cascade={cascade}")
    sets = plane.informers.of(REPLICA_SETS).cache
    if cascade == "orphan":
        await plane.until(
            lambda: all(not each["metadata"].get("ownerReferences") for each in sets.all()), what="orphans"
        )
        await asyncio.sleep(0.5)
        assert (len(sets), len(ready(plane))) == (1, 2)
        return
    if cascade == "foreground":  # kubectl has waited for the last of them
        assert (await plane.client.list(PODS, "shop")).items == []
    await plane.until(lambda: not len(sets) and not plane.pods(app="web"), what="the dependents' end")


async def test_a_namespace_goes_with_all_that_is_in_it(plane: ControlPlane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment(3))
    await plane.until(lambda: len(ready(plane)) == 3, what="the deployment")
    held = {"metadata": {"name": "held", "namespace": "shop", "finalizers": ["example.com/hold"]}}
    await plane.kubectl("-n", "shop", "create", "configmap", "a")
    await plane.client.create(SERVICES, {**held, "spec": {"ports": [{"port": 80}]}})
    await plane.kubectl("delete", "namespace", "shop", "--wait=false")
    await plane.until(lambda: not plane.pods(app="web"), what="the pods' end")

    def told() -> list[str]:
        found = plane.informers.of(NAMESPACES).cache.get("shop") or {}
        return [each["message"] for each in (found.get("status") or {}).get("conditions") or ()]

    await plane.until(
        lambda: (
            "Some content in the namespace has finalizers remaining: "
            "example.com/hold in 1 resource instances" in told()
        ),
        what=f"the reason in {told()}",
    )
    await plane.client.patch(SERVICES, "held", {"metadata": {"finalizers": None}}, "shop")
    await plane.kubectl("wait", "--for=delete", "namespace/shop", "--timeout=30s")


async def test_a_job_completes_and_kubectl_waits_for_it(plane: ControlPlane) -> None:
    await plane.kubectl("-n", "shop", "create", "job", "sum", "--image=x", "--", "true")
    await plane.kubectl("-n", "shop", "wait", "--for=condition=complete", "job/sum", "--timeout=30s")
    job = await plane.client.get(JOBS, "sum", "shop")
    assert job["status"]["succeeded"] == 1
    assert (
        job["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"] == job["metadata"]["uid"]
    )
    await plane.kubectl("-n", "shop", "delete", "job", "sum")
    await plane.until(lambda: not plane.pods(), what="its pods' end")


async def test_endpoints_follow_readiness_quickly(plane: ControlPlane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment(2))
    await plane.kubectl("-n", "shop", "expose", "deployment", "web", "--port=80")
    await plane.until(lambda: len(_endpoints(plane)) == 2, what="two endpoints")
    pod = ready(plane)[0]
    loop = asyncio.get_running_loop()
    took = []
    for truth in ("False", "True") * 5:
        condition = {"type": "Ready", "status": truth}
        began = loop.time()
        await plane.client.patch(
            PODS,
            pod["metadata"]["name"],
            {"status": {"conditions": [condition]}},
            "shop",
            subresource="status",
        )
        wanted = 2 if truth == "True" else 1
        while len(_endpoints(plane)) != wanted:
            assert loop.time() - began < 10 * PATIENCE
            await asyncio.sleep(0.002)
        took.append(loop.time() - began)
    assert sorted(took)[len(took) // 2] < 0.1 * PATIENCE


def _endpoints(plane: ControlPlane) -> list[Object]:
    return [
        endpoint
        for each in plane.informers.of(ENDPOINT_SLICES).cache.in_namespace("shop")
        for endpoint in each.get("endpoints") or ()
        if endpoint["conditions"]["ready"]
    ]


async def test_pods_are_spread_drained_and_explained(plane: ControlPlane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment(6))
    await plane.until(lambda: len(ready(plane)) == 6, what="the deployment")
    assert sorted(_by_node(plane).values()) == [2, 2, 2]
    await plane.kubectl("drain", "n0", "--force", "--timeout=30s")
    await plane.until(lambda: len(ready(plane)) == 6 and "n0" not in _by_node(plane), what="the drain")
    await plane.kubectl("taint", "nodes", "n1", "n2", "gpu=yes:NoSchedule")
    await plane.kubectl("-n", "shop", "run", "late", "--image=x", "--restart=Never")
    pod = ""
    for _ in range(100):
        pod = await plane.kubectl("-n", "shop", "get", "events", "-o", "json")
        if "FailedScheduling" in pod:
            break
    messages = [each["message"] for each in json.loads(pod)["items"] if each["reason"] == "FailedScheduling"]
    assert messages[0] == (
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint {gpu: yes}. "
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )
    await plane.kubectl("uncordon", "n0")
    await plane.kubectl("-n", "shop", "wait", "--for=condition=Ready", "pod/late", "--timeout=30s")


def _by_node(plane: ControlPlane) -> dict[str, int]:
    counts: dict[str, int] = {}
    for pod in ready(plane):
        counts[pod["spec"]["nodeName"]] = counts.get(pod["spec"]["nodeName"], 0) + 1
    return counts


async def test_the_pods_of_a_silent_node_are_replaced_elsewhere(tmp_path: Path) -> None:
    async with ControlPlane(tmp_path / "server", node_grace=2.0) as plane:
        await plane.add_nodes(3)
        await plane.client.create(NAMESPACES, {"metadata": {"name": "shop"}})
        body = deployment(6)
        patience = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}
        body["spec"]["template"]["spec"]["tolerations"] = [
            {**patience, "key": f"node.kubernetes.io/{key}"} for key in ("not-ready", "unreachable")
        ]
        await plane.client.create(DEPLOYMENTS, body)
        await plane.until(lambda: len(ready(plane)) == 6, what="the deployment")
        plane.silent.add("n0")
        await plane.until(lambda: "n0" not in _by_node(plane), what="endpoints without the node")
        await plane.until(lambda: len(ready(plane)) == 6 and "n0" not in _by_node(plane), 30, "replacements")
        node = await plane.client.get(NODES, "n0")
        condition = next(each for each in node["status"]["conditions"] if each["type"] == "Ready")
        assert (condition["status"], condition["reason"]) == ("Unknown", "NodeStatusUnknown")
        assert {(each["key"], each["effect"]) for each in node["spec"]["taints"]} == {
            ("node.kubernetes.io/unreachable", "NoSchedule"), ("node.kubernetes.io/unreachable", "NoExecute"),
        }  # fmt: skip
        plane.silent.discard("n0")
        nodes = plane.informers.of(NODES).cache
        await plane.until(
            lambda: not ((nodes.get("n0") or {}).get("spec") or {}).get("taints"), what="its return"
        )


@pytest.mark.slow
async def test_a_thousand_pods_on_a_hundred_nodes(tmp_path: Path) -> None:
    async with ControlPlane(tmp_path / "server") as plane:
        await plane.add_nodes(100)
        await plane.client.create(NAMESPACES, {"metadata": {"name": "shop"}})
        loop = asyncio.get_running_loop()
        began = loop.time()
        await plane.client.create(DEPLOYMENTS, deployment(1000))
        await plane.until(lambda: sum(bool(pod["spec"].get("nodeName")) for pod in plane.pods()) == 1000, 120)
        bound = loop.time() - began
        await plane.until(lambda: len(ready(plane)) == 1000, 120, "all ready")
        print(f"\n1,000 pods bound in {bound:.1f} s, ready in {loop.time() - began:.1f} s")
        spread = sorted(_by_node(plane).values())
        assert (spread[0], spread[-1]) in ((10, 10), (9, 11), (9, 10), (10, 11))
        await plane.client.delete(DEPLOYMENTS, "web", "shop", propagation="Background")
        began = loop.time()
        await plane.until(lambda: not plane.pods(), 120, "all gone")
        print(f"gone in {loop.time() - began:.1f} s")


async def test_stateful_and_daemon_sets_are_rolled_and_undone(plane: ControlPlane) -> None:
    shop = ("-n", "shop")
    for kind, name, extra in (
        ("StatefulSet", "db", {"serviceName": "db", "replicas": 2}),
        ("DaemonSet", "agent", {}),
    ):
        labels = {"app": name}
        body = template("1", **labels)
        resource = STATEFUL_SETS if kind == "StatefulSet" else DAEMON_SETS
        spec = {"selector": {"matchLabels": labels}, "template": body, **extra}
        await plane.client.create(resource, {"metadata": {"name": name, "namespace": "shop"}, "spec": spec})
        what = f"{resource.plural}/{name}"
        await plane.kubectl(*shop, "rollout", "status", what, "--timeout=30s")
        assert _images(plane, name) == {"web:1"}
        await plane.kubectl(*shop, "set", "image", what, "web=web:2")
        await plane.kubectl(*shop, "rollout", "status", what, "--timeout=30s")
        assert _images(plane, name) == {"web:2"}
        history = await plane.kubectl(*shop, "rollout", "history", what)
        assert [line.split()[0] for line in history.splitlines() if line[:1].isdigit()] == ["1", "2"]
        await plane.kubectl(*shop, "rollout", "undo", what)
        await plane.kubectl(*shop, "rollout", "status", what, "--timeout=30s")
        assert _images(plane, name) == {"web:1"}
    assert sorted(pod["metadata"]["name"] for pod in plane.pods(app="db")) == ["db-0", "db-1"]
    assert sorted(pod["spec"]["nodeName"] for pod in plane.pods(app="agent")) == ["n0", "n1", "n2"]


def _images(plane: ControlPlane, app: str) -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in plane.pods(app=app) if is_active(pod)}


async def test_owners_in_a_circle_and_of_a_custom_kind_are_no_obstacle(plane: ControlPlane) -> None:
    made = {}
    for name in ("p1", "p2", "p3"):
        containers = [{"name": "c", "image": "x"}]
        body = {"metadata": {"name": name, "namespace": "shop"}, "spec": {"containers": containers}}
        made[name] = (await plane.client.create(PODS, body))["metadata"]["uid"]
    for name, owner in (("p1", "p3"), ("p2", "p1"), ("p3", "p2")):
        reference = {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": owner,
            "uid": made[owner],
            "blockOwnerDeletion": True,
        }
        await plane.client.patch(PODS, name, {"metadata": {"ownerReferences": [reference]}}, "shop")
    await plane.client.delete(PODS, "p1", "shop", propagation="Foreground")
    await plane.until(lambda: not plane.pods(), what="the circle's end")

    names = {"plural": "things", "singular": "thing", "kind": "Thing"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    definition = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    await plane.client.create(
        CUSTOM_RESOURCE_DEFINITIONS, {"metadata": {"name": "things.example.com"}, "spec": definition}
    )
    await plane.kubectl("wait", "--for=condition=Established", "crd/things.example.com", "--timeout=30s")
    things = Resource("example.com", "v1", "things", "Thing")
    root = await plane.client.create(things, {"metadata": {"name": "owner", "namespace": "shop"}})
    reference = {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "name": "owner",
        "uid": root["metadata"]["uid"],
    }
    owned = {"metadata": {"name": "owned", "namespace": "shop", "ownerReferences": [reference]}}
    await plane.client.create(CONFIG_MAPS, owned)
    await plane.client.delete(things, "owner", "shop", propagation="Background")
    maps = plane.informers.of(CONFIG_MAPS).cache
    await plane.until(lambda: "shop/owned" not in maps, 30, "the end of what a custom object owned")
