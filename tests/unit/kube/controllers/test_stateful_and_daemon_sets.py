"""StatefulSets and DaemonSets on pods that a pretended kubelet starts."""

from __future__ import annotations

from typing import Any

from hythe.kube.client.clock import timestamp
from hythe.kube.client.resources import (
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    EVENTS,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    STATEFUL_SETS,
)
from hythe.kube.controllers.daemonset.controller import DaemonSetController
from hythe.kube.controllers.daemonset.placement import target_of
from hythe.kube.controllers.statefulset.controller import StatefulSetController
from hythe.kube.objects.types import Object
from tests.kube_cluster import Pretended, is_ready, running, template


def stateful(replicas: int = 3, **spec: Any) -> Object:
    wanted = {
        "replicas": replicas, "serviceName": "db", "selector": {"matchLabels": {"app": "web"}},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "template": template("1"), **spec,
    }  # fmt: skip
    return {"metadata": {"name": "db", "namespace": "shop"}, "spec": wanted}


def names(at: Pretended) -> list[str]:
    return sorted(pod["metadata"]["name"] for pod in at.pods())


def versions(at: Pretended) -> dict[str, str]:
    return {
        pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in at.pods() if is_ready(pod)
    }


def status(at: Pretended) -> Object:
    found = at.api.get(STATEFUL_SETS, "db", "shop")
    assert found is not None
    return dict(found["status"])


async def test_pods_come_up_in_order_and_go_down_in_reverse() -> None:
    async with Pretended(StatefulSetController) as at:
        await at.client.create(STATEFUL_SETS, stateful())
        seen: list[list[str]] = []
        at.after_step = lambda: seen.append(names(at))
        await at.pass_time(15)
        assert [each for index, each in enumerate(seen) if index == 0 or seen[index - 1] != each] == [
            ["db-0"], ["db-0", "db-1"], ["db-0", "db-1", "db-2"],
        ]  # fmt: skip
        pod = next(pod for pod in at.pods() if pod["metadata"]["name"] == "db-1")
        assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-1", "db")
        assert pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "db-1"
        assert status(at)["currentRevision"] == status(at)["updateRevision"]
        assert (status(at)["readyReplicas"], status(at)["currentReplicas"]) == (3, 3)
        seen.clear()
        await at.change(STATEFUL_SETS, "db", {"spec": {"replicas": 1}})
        await at.pass_time(15)
        assert seen[-1] == ["db-0"]
        assert ["db-0", "db-1"] in seen
        assert ["db-0", "db-2"] not in seen


async def test_all_at_once_where_that_is_asked_for() -> None:
    async with Pretended(StatefulSetController) as at:
        await at.client.create(STATEFUL_SETS, stateful(podManagementPolicy="Parallel", ordinals={"start": 5}))
        await at.pass_time(1)
        assert names(at) == ["db-5", "db-6", "db-7"]


async def test_an_update_goes_from_the_highest_down_to_the_partition() -> None:
    async with Pretended(StatefulSetController) as at:
        await at.client.create(STATEFUL_SETS, stateful())
        await at.pass_time(15)
        partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
        await at.change(
            STATEFUL_SETS, "db", {"spec": {"template": template("2"), "updateStrategy": partition}}
        )
        await at.pass_time(15)
        assert versions(at) == {"db-0": "web:1", "db-1": "web:1", "db-2": "web:2"}
        assert status(at)["currentRevision"] != status(at)["updateRevision"]
        at.api.remove(PODS, "db-0", "shop")
        await at.pass_time(6)
        assert versions(at)["db-0"] == "web:1"  # made again of the old template
        ready: list[int] = []
        at.after_step = lambda: ready.append(len(versions(at)))
        await at.change(
            STATEFUL_SETS, "db", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}
        )
        await at.pass_time(20)
        assert set(versions(at).values()) == {"web:2"}
        assert min(ready) >= 2
        assert status(at)["currentRevision"] == status(at)["updateRevision"]
        assert len(at.api.all(CONTROLLER_REVISIONS)) == 2


async def test_each_pod_keeps_its_claims() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    async with Pretended(StatefulSetController) as at:
        await at.client.create(STATEFUL_SETS, stateful(2, volumeClaimTemplates=[claim]))
        await at.pass_time(10)
        claims = [each["metadata"]["name"] for each in at.api.all(PERSISTENT_VOLUME_CLAIMS)]
        assert claims == ["data-db-0", "data-db-1"]
        pod = at.pods()[0]
        assert pod["spec"]["volumes"] == [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}
        ]
        at.api.remove(PODS, "db-0", "shop")
        await at.pass_time(6)
        assert names(at) == ["db-0", "db-1"]
        assert len(at.api.all(PERSISTENT_VOLUME_CLAIMS)) == 2
        told = [each["message"] for each in at.api.all(EVENTS)]
        assert "create Claim data-db-0 Pod db-0 in StatefulSet db success" in told
        assert "create Pod db-0 in StatefulSet db successful" in told


async def test_claims_go_with_whom_their_policy_says() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}

    def owned(at: Pretended) -> dict[str, list[str]]:
        return {
            each["metadata"]["name"]: [
                owner["kind"] for owner in each["metadata"].get("ownerReferences") or ()
            ]
            for each in at.api.all(PERSISTENT_VOLUME_CLAIMS)
        }

    async with Pretended(StatefulSetController) as at:
        body = stateful(2, volumeClaimTemplates=[claim], persistentVolumeClaimRetentionPolicy=policy)
        await at.client.create(STATEFUL_SETS, body)
        await at.pass_time(10)
        assert owned(at) == {"data-db-0": ["StatefulSet"], "data-db-1": ["StatefulSet"]}
        await at.change(STATEFUL_SETS, "db", {"spec": {"replicas": 1}})
        await at.pass_time(1)
        assert owned(at) == {"data-db-0": ["StatefulSet"], "data-db-1": ["Pod"]}
        retain = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"}}
        await at.change(STATEFUL_SETS, "db", {"spec": retain})
        await at.pass_time(1)
        assert owned(at)["data-db-0"] == []


async def test_a_failed_pod_is_made_again() -> None:
    async with Pretended(StatefulSetController) as at:
        await at.client.create(STATEFUL_SETS, stateful(1))
        await at.pass_time(5)
        pod = at.pods()[0]
        at.api.put(PODS, {**pod, "status": {"phase": "Failed"}})
        await at.pass_time(10)
        assert versions(at) == {"db-0": "web:1"}
        assert at.pods()[0]["metadata"]["uid"] != pod["metadata"]["uid"]


def daemon(**spec: Any) -> Object:
    wanted = {
        "selector": {"matchLabels": {"app": "web"}}, "template": template("1"),
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}, **spec,
    }  # fmt: skip
    return {"metadata": {"name": "agent", "namespace": "shop"}, "spec": wanted}


class Daemons(Pretended):
    """Pods are bound to the nodes that they are made for."""

    def kubelets(self) -> None:
        for pod in self.api.all(PODS):
            if not pod["spec"].get("nodeName") and not pod["metadata"].get("deletionTimestamp"):
                pod["spec"]["nodeName"] = target_of(pod)
                self.api.put(PODS, running(pod, timestamp(self.clock.now())))
        super().kubelets()

    def where(self) -> list[str]:
        return sorted(target_of(pod) for pod in self.pods() if not pod["metadata"].get("deletionTimestamp"))

    def status(self) -> Object:
        found = self.api.get(DAEMON_SETS, "agent", "shop")
        assert found is not None
        return dict(found["status"])


def node(name: str, *taints: Object, **labels: str) -> Object:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)}}


async def test_a_daemon_runs_on_each_node_that_is_fit_for_it() -> None:
    async with Daemons(DaemonSetController) as at:
        for each in (node("a"), node("b"), node("c", {"key": "gpu", "effect": "NoSchedule"})):
            at.api.put(NODES, each)
        at.api.put(NODES, node("sick", {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}))
        await at.client.create(DAEMON_SETS, daemon())
        await at.pass_time(5)
        assert at.where() == ["a", "b", "sick"]
        found = at.status()
        assert (found["desiredNumberScheduled"], found["numberReady"], found["updatedNumberScheduled"]) == (
            3,
            3,
            3,
        )
        at.api.put(NODES, node("d"))
        at.api.put(NODES, node("b", {"key": "gpu", "effect": "NoExecute"}))
        await at.pass_time(6)
        assert at.where() == ["a", "d", "sick"]
        await at.change(DAEMON_SETS, "agent", {"spec": {"template": {"spec": {"nodeSelector": {"x": "y"}}}}})
        await at.pass_time(6)
        assert at.where() == []


async def test_a_daemons_update_leaves_no_more_nodes_bare_than_it_may() -> None:
    async with Daemons(DaemonSetController) as at:
        for number in range(5):
            at.api.put(NODES, node(f"n{number}"))
        await at.client.create(DAEMON_SETS, daemon())
        await at.pass_time(5)
        served: list[int] = []
        at.after_step = lambda: served.append(len({target_of(pod) for pod in at.pods() if is_ready(pod)}))
        await at.change(DAEMON_SETS, "agent", {"spec": {"template": template("2")}})
        await at.pass_time(40)
        assert set(versions(at).values()) == {"web:2"}
        assert at.where() == [f"n{number}" for number in range(5)]
        assert min(served) >= 4
        assert at.status()["updatedNumberScheduled"] == 5


async def test_with_a_surge_no_node_is_bare() -> None:
    async with Daemons(DaemonSetController) as at:
        for number in range(3):
            at.api.put(NODES, node(f"n{number}"))
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
        await at.client.create(DAEMON_SETS, daemon(updateStrategy=strategy))
        await at.pass_time(5)
        served: list[int] = []
        at.after_step = lambda: served.append(len({target_of(pod) for pod in at.pods() if is_ready(pod)}))
        await at.change(DAEMON_SETS, "agent", {"spec": {"template": template("2")}})
        await at.pass_time(40)
        assert set(versions(at).values()) == {"web:2"}
        assert min(served) == 3
        assert len(at.pods()) == 3
