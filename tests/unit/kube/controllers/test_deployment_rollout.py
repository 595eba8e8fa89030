"""Deployments and ReplicaSets together, on pods that a pretended kubelet starts: what users see of a rollout."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.client.resources import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS
from hythe.kube.controllers.deployment.controller import DeploymentController
from hythe.kube.controllers.deployment.revisions import REVISION
from hythe.kube.controllers.replicaset.controller import ReplicaSetController
from hythe.kube.objects.types import Object
from tests.kube_cluster import Pretended, deployment, is_ready, template


def cluster() -> Pretended:
    return Pretended(DeploymentController, ReplicaSetController)


def status(at: Pretended) -> Object:
    found = at.api.get(DEPLOYMENTS, "web", "shop")
    assert found is not None
    return dict(found.get("status") or {})


def condition(at: Pretended, kind: str) -> Object:
    return next((dict(each) for each in status(at).get("conditions", []) if each["type"] == kind), {})


def images(at: Pretended) -> dict[str, int]:
    """Ready pods by version."""
    counts: dict[str, int] = {}
    for pod in filter(is_ready, at.pods()):
        image = pod["spec"]["containers"][0]["image"]
        counts[image] = counts.get(image, 0) + 1
    return counts


def sizes(at: Pretended) -> dict[str, int]:
    """Sizes of ReplicaSets by version."""
    return {
        each["spec"]["template"]["spec"]["containers"][0]["image"]: each["spec"]["replicas"]
        for each in at.api.all(REPLICA_SETS)
    }


def messages(at: Pretended) -> list[str]:
    return [each["message"] for each in at.api.all(EVENTS) if each["reason"] == "ScalingReplicaSet"]


async def test_a_new_deployment_comes_up_and_says_so() -> None:
    async with cluster() as at:
        await at.client.create(DEPLOYMENTS, deployment(3))
        await at.pass_time(1)
        assert condition(at, "Available")["status"] == "False"
        assert condition(at, "Progressing")["reason"] in ("NewReplicaSetCreated", "ReplicaSetUpdated")
        await at.pass_time(5)
        assert images(at) == {"web:1": 3}
        found = status(at)
        for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"):
            assert found[name] == 3
        assert found["observedGeneration"] == 1
        assert condition(at, "Available")["message"] == "Deployment has minimum availability."
        progressing = condition(at, "Progressing")
        assert progressing["reason"] == "NewReplicaSetAvailable"
        [only] = at.api.all(REPLICA_SETS)
        assert (
            progressing["message"] == f'ReplicaSet "{only["metadata"]["name"]}" has successfully progressed.'
        )
        assert only["metadata"]["name"].startswith("web-")
        assert only["metadata"]["annotations"][REVISION] == "1"
        assert messages(at) == [f"Scaled up replica set {only['metadata']['name']} from 0 to 3"]
        pod = at.pods()[0]["metadata"]
        assert pod["labels"]["pod-template-hash"] == only["metadata"]["labels"]["pod-template-hash"]
        assert pod["ownerReferences"][0]["uid"] == only["metadata"]["uid"]


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable"),
    [(4, "25%", "25%"), (3, 1, 0), (3, 0, 1), (10, "30%", "20%"), (1, "25%", "25%"), (5, "100%", 0), (2, 0, "100%")],
)  # fmt: skip
async def test_a_rolling_update_keeps_its_bounds_at_every_step(
    replicas: int, surge: int | str, unavailable: int | str
) -> None:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    most = replicas + (surge if isinstance(surge, int) else -(-int(surge[:-1]) * replicas // 100))
    least = replicas - (
        unavailable if isinstance(unavailable, int) else int(unavailable[:-1]) * replicas // 100
    )
    async with cluster() as at:
        strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
        await at.client.create(DEPLOYMENTS, deployment(replicas, strategy=strategy))
        await at.pass_time(6)
        assert images(at) == {"web:1": replicas}

        seen: list[tuple[int, int]] = []

        def look() -> None:
            alive = [pod for pod in at.pods() if not pod["metadata"].get("deletionTimestamp")]
            seen.append((len(alive), len(list(filter(is_ready, alive)))))

        at.after_step = look
        await at.change(DEPLOYMENTS, "web", {"spec": {"template": template("2")}})
        await at.pass_time(60)
        assert images(at) == {"web:2": replicas}
        assert max(alive for alive, _ in seen) <= most
        assert min(ready for _, ready in seen) >= least
        assert sizes(at) == {"web:1": 0, "web:2": replicas}


async def test_a_broken_update_stops_keeps_the_old_pods_and_undo_mends_it() -> None:
    async with cluster() as at:
        at.starts = lambda pod: None if "bad" in pod["spec"]["containers"][0]["image"] else 2.0
        await at.client.create(DEPLOYMENTS, deployment(4, progressDeadlineSeconds=20))
        await at.pass_time(6)
        await at.change(DEPLOYMENTS, "web", {"spec": {"template": template("bad")}})
        await at.pass_time(15)
        assert images(at) == {"web:1": 3}
        assert condition(at, "Progressing")["status"] == "True"
        await at.pass_time(20)
        progressing = condition(at, "Progressing")
        assert (progressing["status"], progressing["reason"]) == ("False", "ProgressDeadlineExceeded")
        assert progressing["message"].endswith("has timed out progressing.")
        assert images(at) == {"web:1": 3}
        await at.change(DEPLOYMENTS, "web", {"spec": {"template": template("1")}})
        await at.pass_time(15)
        assert images(at) == {"web:1": 4}
        assert condition(at, "Progressing")["reason"] == "NewReplicaSetAvailable"
        notes = {
            each["spec"]["template"]["spec"]["containers"][0]["image"]: each["metadata"]["annotations"]
            for each in at.api.all(REPLICA_SETS)
        }
        assert notes["web:1"][REVISION] == "3"
        assert notes["web:1"]["deployment.kubernetes.io/revision-history"] == "1"
        found = at.api.get(DEPLOYMENTS, "web", "shop")
        assert found is not None
        assert found["metadata"]["annotations"][REVISION] == "3"


async def test_recreate_ends_all_old_pods_before_it_starts_new_ones() -> None:
    async with cluster() as at:
        await at.client.create(DEPLOYMENTS, deployment(3, strategy={"type": "Recreate"}))
        await at.pass_time(6)
        at.ends = 5.0
        mixed: list[set[str]] = []

        def look() -> None:
            mixed.append({pod["spec"]["containers"][0]["image"] for pod in at.pods()})

        at.after_step = look
        await at.change(DEPLOYMENTS, "web", {"spec": {"template": template("2")}})
        await at.pass_time(20)
        assert images(at) == {"web:2": 3}
        assert {"web:1", "web:2"} not in mixed


async def test_a_paused_deployment_is_scaled_but_not_rolled_until_resumed() -> None:
    async with cluster() as at:
        await at.client.create(DEPLOYMENTS, deployment(2))
        await at.pass_time(6)
        await at.change(DEPLOYMENTS, "web", {"spec": {"paused": True, "template": template("2")}})
        await at.pass_time(5)
        assert sizes(at) == {"web:1": 2}
        assert condition(at, "Progressing")["reason"] == "DeploymentPaused"
        await at.change(DEPLOYMENTS, "web", {"spec": {"replicas": 4}})
        await at.pass_time(5)
        assert images(at) == {"web:1": 4}
        await at.change(DEPLOYMENTS, "web", {"spec": {"paused": False}})
        await at.pass_time(30)
        assert images(at) == {"web:2": 4}


async def test_scaling_in_the_middle_of_a_rollout_is_shared_in_proportion() -> None:
    async with cluster() as at:
        at.starts = lambda pod: None if "2" in pod["spec"]["containers"][0]["image"] else 2.0
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
        await at.client.create(DEPLOYMENTS, deployment(10, strategy=strategy))
        await at.pass_time(6)
        await at.change(DEPLOYMENTS, "web", {"spec": {"template": template("2")}})
        await at.pass_time(6)
        assert sizes(at) == {"web:1": 8, "web:2": 5}
        await at.change(DEPLOYMENTS, "web", {"spec": {"replicas": 15}})
        await at.pass_time(6)
        assert sizes(at) == {"web:1": 11, "web:2": 7}


async def test_history_beyond_the_limit_is_deleted() -> None:
    async with cluster() as at:
        await at.client.create(DEPLOYMENTS, deployment(1, revisionHistoryLimit=2))
        for version in "23456":
            await at.pass_time(12)
            await at.change(DEPLOYMENTS, "web", {"spec": {"template": template(version)}})
        await at.pass_time(12)
        assert sorted(sizes(at)) == ["web:4", "web:5", "web:6"]


async def test_a_deleted_pod_is_replaced_and_a_foreign_one_adopted() -> None:
    async with cluster() as at:
        await at.client.create(DEPLOYMENTS, deployment(2))
        await at.pass_time(6)
        first = at.pods()[0]["metadata"]
        await at.client.delete(PODS, first["name"], "shop")
        await at.pass_time(6)
        assert len(list(filter(is_ready, at.pods()))) == 2
        orphan = {**at.pods()[0]["metadata"], "name": "stray", "ownerReferences": []}
        for field in ("uid", "resourceVersion"):
            orphan.pop(field)
        await at.client.create(PODS, {"metadata": orphan, "spec": template()["spec"]})
        await at.pass_time(6)
        assert len(at.pods()) == 2
        relabelled = at.pods()[0]["metadata"]["name"]
        await at.change(PODS, relabelled, {"metadata": {"labels": {"app": "other"}}})
        await at.pass_time(6)
        released = at.api.get(PODS, relabelled, "shop")
        assert released is not None
        assert not released["metadata"].get("ownerReferences")
        assert len(at.pods(app="web")) == 2


async def test_a_cluster_at_rest_is_left_alone() -> None:
    async with cluster() as at:
        await at.client.create(DEPLOYMENTS, deployment(3))
        await at.pass_time(10)
        before = at.api.revision
        asked = len(at.api.requests)
        for controller in at.controllers:
            for key in (
                "shop/web",
                *(f"shop/{each['metadata']['name']}" for each in at.api.all(REPLICA_SETS)),
            ):
                controller.queue.add(key)
        await at.pass_time(30)
        assert at.api.revision == before
        assert len(at.api.requests) == asked


@pytest.mark.parametrize("patience", [0, 10])
async def test_min_ready_seconds_delays_availability(patience: int) -> None:
    extra: dict[str, Any] = {"minReadySeconds": patience}
    async with cluster() as at:
        await at.client.create(DEPLOYMENTS, deployment(2, **extra))
        await at.pass_time(6)
        assert status(at)["readyReplicas"] == 2
        assert status(at).get("availableReplicas", 0) == (0 if patience else 2)
        await at.pass_time(12)
        assert status(at)["availableReplicas"] == 2
