"""What a kubelet looks after: pods that do not fit or hold too much, logs that grow, containers that have died."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from hythe.kube.kubelet.lifecycle.housekeeping import rotate
from tests.system.kube.kubelets import FOREVER, QUICK, a_node, a_pod, container

pytestmark = pytest.mark.root


async def test_a_pod_that_does_not_fit_is_refused(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path, capacity={"cpu": "1"}) as node:
        asks = {"requests": {"cpu": "700m"}}
        node.put(a_pod("first", containers=[container("c0", FOREVER, resources=asks)]))
        await node.ready("first")
        node.put(a_pod("second", containers=[container("c0", FOREVER, resources=asks)]))
        status = await node.phase("second", "Failed")
        assert status["reason"] == "OutOfcpu"
        assert status["message"] == (
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 700, used: 700, capacity: 1000"
        )
        await node.until(lambda: node.events("second", "OutOfcpu"))


async def test_a_pod_that_holds_too_much_is_evicted(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path, timings=replace(QUICK, collect=0.3)) as node:
        volumes = [{"name": "d", "emptyDir": {"sizeLimit": "1Mi"}}]
        fill = f"dd if=/dev/zero of=/d/x bs=1M count=4; {FOREVER}"
        one = container("c0", fill, volumeMounts=[{"name": "d", "mountPath": "/d"}])
        node.put(a_pod("greedy", volumes=volumes, containers=[one]))
        status = await node.phase("greedy", "Failed")
        assert status["reason"] == "Evicted"
        assert status["message"] == 'Usage of EmptyDir volume "d" exceeds the limit "1Mi". '
        await node.until(lambda: "running" not in node.status("greedy")["containerStatuses"][0]["state"])


async def test_a_large_log_is_moved_aside_and_followed(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        go = {"name": "go", "hostPath": {"path": str(tmp_path / "go"), "type": "DirectoryOrCreate"}}
        talk = "for i in 1 2 3; do echo line $i; done; while ! test -e /go/f; do sleep 0.1; done; echo late"
        one = container("c0", talk, volumeMounts=[{"name": "go", "mountPath": "/go"}])
        node.put(a_pod("talk", volumes=[go], restartPolicy="Never", containers=[one]))
        await node.ready("talk")
        await node.said("talk", "c0")
        (worker,) = node.workers()
        record = worker.seen.latest("c0")
        assert record is not None
        follow = asyncio.ensure_future(node.log("talk", "c0", "follow=true"))
        await asyncio.sleep(0.2)
        assert await rotate(node.runtime(), record, largest=10)
        assert not await rotate(node.runtime(), record, largest=10), "there is nothing in the new one"
        (tmp_path / "go/f").touch()
        assert await follow == "line 1\nline 2\nline 3\nlate\n"
        assert await node.log("talk", "c0") == "late\n"


@pytest.mark.slow
async def test_only_the_last_dead_container_is_kept(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("crash", "exit 1"))

        def restarts() -> int:
            found = node.status("crash").get("containerStatuses") or [{}]
            return int(found[0].get("restartCount", 0))

        await node.until(lambda: restarts() >= 3, 20, lambda: node.status("crash"))
        (worker,) = node.workers()
        await node.until(lambda: len(worker.seen.containers) <= 2, 20, lambda: worker.seen.containers)
        logs = [one.name for one in (tmp_path / "logs").rglob("*.log")]
        assert len(logs) <= 2, logs
