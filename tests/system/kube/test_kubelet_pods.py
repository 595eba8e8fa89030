"""Pods on a real runtime: from a Pod's object to processes, and to the status that is reported."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from hythe.kube.client.resources import CONFIG_MAPS, EVENTS, LEASES, NODES, PODS
from hythe.kube.objects.types import Object
from tests.system.kube.kubelets import FOREVER, World, a_node, a_pod, container

pytestmark = pytest.mark.root


def condition(status: Object, kind: str) -> Object:
    found = status.get("conditions") or []
    return next((one for one in found if one["type"] == kind), {"status": "Unknown"})


def state(status: Object, name: str, field: str = "containerStatuses") -> Object:
    return next(one for one in status[field] if one["name"] == name)


async def waiting(node: World, pod: str, name: str, reason: str, field: str = "containerStatuses") -> Object:
    """The status once that container waits for that reason."""

    def now() -> Any:
        found = node.status(pod).get(field) or []
        return any(
            one["name"] == name and one["state"].get("waiting", {}).get("reason") == reason for one in found
        )

    await node.until(now, 20, lambda: node.status(pod))
    return node.status(pod)


async def test_pod_runs_and_ends(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        begun = time.monotonic()
        node.put(a_pod("web", FOREVER))
        status = await node.ready("web")
        assert time.monotonic() - begun < 5
        assert status["phase"] == "Running"
        assert status["qosClass"] == "BestEffort"
        assert status["podIP"].startswith("10.88.") and status["podIPs"] == [{"ip": status["podIP"]}]
        assert status["hostIP"] == "10.88.0.1"
        one = state(status, "c0")
        assert one["started"] and one["ready"] and one["restartCount"] == 0
        assert one["containerID"].startswith(f"{node.runtime_name}://") and one["imageID"]
        assert {one["type"]: one["status"] for one in status["conditions"]} == dict.fromkeys(
            ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"], "True"
        )
        await node.until(lambda: len(node.events("web")) == 3)
        assert [(one["reason"], one["message"]) for one in node.events("web")] == [
            ("Pulled", 'Container image "localhost/busybox:1" already present on machine'),
            ("Created", "Created container: c0"),
            ("Started", "Started container c0"),
        ]
        assert node.events("web", "Started")[0]["involvedObject"]["fieldPath"] == "spec.containers{c0}"
        took = await node.delete("web")
        assert took < 5
        assert node.events("web", "Killing")[0]["message"] == "Stopping container c0"
        folder = tmp_path / "kubelet/pods"
        await node.until(lambda: list(folder.iterdir()) == [] and list((tmp_path / "logs").iterdir()) == [])


async def test_node_registers_and_renews_its_lease(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path, labels={"zone": "a"}) as node:
        found = node.api.get(NODES, "here")
        assert found is not None
        assert found["metadata"]["labels"]["zone"] == "a"
        status = found["status"]
        assert condition(status, "Ready")["message"] == "kubelet is posting ready status"
        assert [condition(status, f"{kind}Pressure")["status"] for kind in ("Memory", "PID")] == ["False"] * 2
        assert status["nodeInfo"]["containerRuntimeVersion"].startswith(f"{node.runtime_name}://")
        assert status["addresses"][0] == {"type": "InternalIP", "address": "10.88.0.1"}
        assert status["daemonEndpoints"]["kubeletEndpoint"]["Port"] > 0
        assert any("localhost/busybox:1" in name for one in status["images"] for name in one["names"])
        lease = await node.until(lambda: node.api.get(LEASES, "here", "kube-node-lease"))
        assert lease["spec"]["holderIdentity"] == "here"
        assert lease["metadata"]["ownerReferences"][0]["uid"] == found["metadata"]["uid"]


async def test_run_to_completion_and_failure(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("good", "echo done > /dev/termination-log", "true", restartPolicy="Never"))
        node.put(a_pod("bad", "exit 3", "true", restartPolicy="Never"))
        node.put(a_pod("again", "test -e /d/x || { touch /d/x; exit 1; }", restartPolicy="OnFailure",
                       volumes=[{"name": "d", "emptyDir": {}}],
                       containers=[container("c0", "test -e /d/x || { touch /d/x; exit 1; }",
                                             volumeMounts=[{"name": "d", "mountPath": "/d"}])]))  # fmt: skip
        good = await node.phase("good", "Succeeded")
        ended = state(good, "c0")["state"]["terminated"]
        assert (ended["exitCode"], ended["reason"], ended["message"]) == (0, "Completed", "done\n")
        assert condition(good, "Ready")["reason"] == "PodCompleted"
        assert condition(good, "Initialized") | {"lastTransitionTime": ""} == {
            "type": "Initialized", "status": "True", "reason": "PodCompleted", "lastTransitionTime": "",
        }  # fmt: skip
        bad = await node.phase("bad", "Failed")
        assert state(bad, "c0")["state"]["terminated"]["reason"] == "Error"
        assert condition(bad, "ContainersReady")["reason"] == "PodFailed"
        again = await node.phase("again", "Succeeded")
        assert state(again, "c0")["restartCount"] == 1
        assert state(again, "c0")["lastState"]["terminated"]["exitCode"] == 1


async def test_crash_loop_backs_off(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("crash", "exit 1"))
        status = await waiting(node, "crash", "c0", "CrashLoopBackOff")
        one = state(status, "c0")
        assert one["restartCount"] == 1
        uid = node.pod("crash")["metadata"]["uid"]
        assert one["state"]["waiting"]["message"] == (
            f"back-off 1s restarting failed container=c0 pod=crash_default({uid})"
        )
        assert one["lastState"]["terminated"]["exitCode"] == 1
        assert status["phase"] == "Running"
        await node.until(lambda: state(node.status("crash"), "c0")["restartCount"] >= 3)
        await node.until(lambda: node.events("crash", "BackOff"))
        assert "Back-off restarting failed container c0" in node.events("crash", "BackOff")[0]["message"]


async def test_init_containers_and_sidecars_in_order(cri: str, tmp_path: Path) -> None:
    shared: dict[str, Any] = {"volumeMounts": [{"name": "d", "mountPath": "/d"}]}
    stay = "trap 'echo {0}-end >> /d/order; exit 0' TERM; echo {0} >> /d/order; while :; do sleep 0.1; done"
    async with a_node(cri, tmp_path) as node:
        host = tmp_path / "order"
        host.mkdir()
        node.put(
            a_pod(
                "app",
                volumes=[{"name": "d", "hostPath": {"path": str(host), "type": "Directory"}}],
                initContainers=[
                    container("one", "echo one >> /d/order; sleep 0.3; echo one-end >> /d/order", **shared),
                    container("side", stay.format("side"), restartPolicy="Always",
                              startupProbe={"exec": {"command": ["test", "-e", "/d/go"]}, "periodSeconds": 1},
                              **shared),
                    container("two", "echo two >> /d/order", **shared),
                ],
                containers=[container("main", stay.format("main"), **shared)],
            )
        )  # fmt: skip
        await node.until(lambda: "side" in _read(host / "order"))
        status = await node.until(lambda: node.status("app"))
        assert status["phase"] == "Pending"
        assert condition(status, "Initialized")["reason"] == "ContainersNotInitialized"
        assert state(status, "main")["state"]["waiting"]["reason"] == "PodInitializing"
        (host / "go").touch()
        status = await node.ready("app")
        assert state(status, "one", "initContainerStatuses")["state"]["terminated"]["reason"] == "Completed"
        assert state(status, "side", "initContainerStatuses")["started"]
        await node.until(lambda: "main" in _read(host / "order"))
        await node.delete("app")
        assert _read(host / "order") == ["one", "one-end", "side", "two", "main", "main-end", "side-end"]


def _read(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


async def test_images_that_cannot_be_had(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        absent = "localhost:1/absent:1"
        node.put(a_pod("pull", "true", image=absent))
        node.put(a_pod("never", containers=[container("c0", "true", image=absent, imagePullPolicy="Never")]))
        node.put(a_pod("name", "true", image="Not_An/Image:X:y"))
        status = await waiting(node, "pull", "c0", "ImagePullBackOff")
        assert status["phase"] == "Pending"
        message = state(status, "c0")["state"]["waiting"]["message"]
        assert message.startswith(f'Back-off pulling image "{absent}": ErrImagePull: rpc error: code = ')
        reasons = [one["reason"] for one in node.events("pull")]
        assert reasons[:3] == ["Pulling", "Failed", "Failed"], reasons
        assert node.events("pull", "Failed")[1]["message"] == "Error: ErrImagePull"
        never = await waiting(node, "never", "c0", "ErrImageNeverPull")
        assert state(never, "c0")["state"]["waiting"]["message"] == (
            f'Container image "{absent}" is not present with pull policy of Never'
        )
        await waiting(node, "name", "c0", "InvalidImageName")


async def test_container_config_waits_for_its_config_map(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        origin = {"configMapKeyRef": {"name": "settings", "key": "colour"}}
        env = [
            {"name": "COLOUR", "valueFrom": origin},
            {"name": "SENTENCE", "value": "$(COLOUR) $(POD) $$(x) $(nothing)"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ]
        node.put(a_pod("app", containers=[container("c0", f"echo $SENTENCE; {FOREVER}", env=env)]))
        status = await waiting(node, "app", "c0", "CreateContainerConfigError")
        assert state(status, "c0")["state"]["waiting"]["message"] == 'configmap "settings" not found'
        await node.until(lambda: node.events("app", "Failed"))
        assert node.events("app", "Failed")[0]["message"] == 'Error: configmap "settings" not found'
        node.api.put(
            CONFIG_MAPS, {"metadata": {"name": "settings", "namespace": "default"}, "data": {"colour": "red"}}
        )
        await node.ready("app", 5)
        assert await node.said("app", "c0") == "red $(POD) $(x) $(nothing)\n"


async def test_probes_decide(cri: str, tmp_path: Path) -> None:
    host = tmp_path / "shared"
    host.mkdir()
    (host / "alive").touch()
    shared: dict[str, Any] = {"volumeMounts": [{"name": "d", "mountPath": "/d"}]}
    ready = {"exec": {"command": ["cat", "/d/ready"]}, "periodSeconds": 1, "failureThreshold": 1}
    alive = {"exec": {"command": ["cat", "/d/alive"]}, "periodSeconds": 1, "failureThreshold": 1}
    async with a_node(cri, tmp_path) as node:
        node.put(
            a_pod(
                "app",
                volumes=[{"name": "d", "hostPath": {"path": str(host)}}],
                containers=[container("c0", FOREVER, readinessProbe=ready, livenessProbe=alive, **shared)],
            )
        )
        status = await node.phase("app", "Running")
        assert not state(status, "c0")["ready"] and state(status, "c0")["started"]
        assert condition(status, "Ready")["message"] == "containers with unready status: [c0]"
        (host / "ready").touch()
        await node.ready("app", 5)
        (host / "ready").unlink()
        await node.until(lambda: not state(node.status("app"), "c0")["ready"], 5)
        await node.until(lambda: node.events("app", "Unhealthy"), 5)
        assert node.events("app", "Unhealthy")[0]["message"].startswith(
            "Readiness probe failed: cat: can't open"
        )
        (host / "alive").unlink()
        await node.until(lambda: state(node.status("app"), "c0")["restartCount"] >= 1, 15)
        killed = [one["message"] for one in node.events("app", "Killing")]
        assert killed[0] == "Container c0 failed liveness probe, will be restarted"


@pytest.mark.parametrize("kind", ["httpGet", pytest.param("tcpSocket", marks=pytest.mark.slow)])
async def test_network_probe_asks_the_pod(cri: str, tmp_path: Path, kind: str) -> None:
    serve = "mkdir /w; echo ok > /w/health; exec httpd -f -p 8080 -h /w"
    port: Object = {"port": "web"} if kind == "tcpSocket" else {"port": "web", "path": "/health"}
    async with a_node(cri, tmp_path) as node:
        one = container(
            "c0", serve, ports=[{"name": "web", "containerPort": 8080}], readinessProbe={kind: port}
        )
        node.put(a_pod("web", containers=[one], terminationGracePeriodSeconds=1))
        await node.ready("web", 10)
        other = {"httpGet": {"port": 8080, "path": "/missing"}, "periodSeconds": 1, "failureThreshold": 1}
        wrong = container("c0", serve, readinessProbe=other)
        node.put(a_pod("wrong", containers=[wrong], terminationGracePeriodSeconds=1))
        await node.until(lambda: node.events("wrong", "Unhealthy"), 15)
        assert "HTTP probe failed with statuscode: 404" in str(node.events("wrong", "Unhealthy"))


async def test_hooks_and_grace(cri: str, tmp_path: Path) -> None:
    host = tmp_path / "shared"
    host.mkdir()
    shared: dict[str, Any] = {"volumeMounts": [{"name": "d", "mountPath": "/d"}]}
    hooks = {
        "postStart": {
            "exec": {"command": ["sh", "-c", "echo started >> /d/order; while ! test -e /d/go; do :; done"]}
        },
        "preStop": {"exec": {"command": ["sh", "-c", "echo stopping >> /d/order; sleep 0.3"]}},
    }
    async with a_node(cri, tmp_path) as node:
        node.put(
            a_pod(
                "app",
                volumes=[{"name": "d", "hostPath": {"path": str(host)}}],
                containers=[
                    container("c0", "trap 'echo term >> /d/order; exit 0' TERM; while :; do sleep 0.1; done",
                              lifecycle=hooks, **shared)
                ],
            )
        )  # fmt: skip
        await node.until(lambda: _read(host / "order") == ["started"])
        assert node.status("app").get("phase") == "Pending", "it runs before its hook has ended"
        (host / "go").touch()
        await node.ready("app")
        await node.delete("app")
        assert _read(host / "order") == ["started", "stopping", "term"]
        stubborn = "trap '' TERM; while :; do sleep 0.1; done"
        node.put(a_pod("stubborn", stubborn, terminationGracePeriodSeconds=60))
        await node.ready("stubborn")
        assert 1.5 < await node.delete("stubborn", grace=2) < 10
        bad = {"postStart": {"exec": {"command": ["sh", "-c", "echo no; exit 4"]}}}
        node.put(a_pod("bad", containers=[container("c0", FOREVER, lifecycle=bad)]))
        await node.until(lambda: node.events("bad", "FailedPostStartHook"))


async def test_deadline(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("late", FOREVER, activeDeadlineSeconds=2))
        status = await node.phase("late", "Failed")
        assert status["reason"] == "DeadlineExceeded"
        assert status["message"] == "Pod was active on the node longer than the specified deadline"
        await node.until(lambda: "terminated" in state(node.status("late"), "c0")["state"])


async def test_kubelet_that_comes_back_keeps_pods(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        probe = {"exec": {"command": ["true"]}, "periodSeconds": 1}
        probed = container("c0", FOREVER, readinessProbe=probe, startupProbe=probe)
        node.put(a_pod("stays", containers=[probed]))
        node.put(a_pod("goes", FOREVER))
        before = await node.ready("stays")
        await node.ready("goes")
        await node.stop()
        node.api.remove(PODS, "goes", "default")
        kept, left = tmp_path / "kubelet/pods", node.pod("stays")["metadata"]["uid"]
        (kept / "orphan/volumes").mkdir(parents=True)
        history = len(node.api.history)
        await node.start()
        await node.until(
            lambda: [one.name for one in kept.iterdir()] == [left], 20, lambda: list(kept.iterdir())
        )
        assert state(node.status("stays"), "c0") == state(before, "c0")
        since = [body for _, _, _, body in node.api.history[history:] if body["metadata"]["name"] == "stays"]
        assert all(condition(body["status"], "Ready")["status"] == "True" for body in since), since
        assert node.kubelet is not None
        await node.until(lambda: [one.pod["metadata"]["name"] for one in node.workers()] == ["stays"])


async def test_sandbox_that_died_is_made_anew(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("web", FOREVER))
        await node.ready("web")
        (worker,) = node.workers()
        assert worker.seen.sandbox is not None
        await node.runtime().stop_sandbox(worker.seen.sandbox.id)
        await node.until(
            lambda: state(node.status("web"), "c0")["restartCount"] == 1,
            15,
            lambda: [(e["reason"], e["message"]) for e in node.events("web")] + [node.status("web")],
        )
        await node.ready("web")
        await node.until(lambda: node.events("web", "SandboxChanged"))


async def test_readiness_gates_wait_for_others(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("gated", FOREVER, readinessGates=[{"conditionType": "example.com/ok"}]))
        await node.until(lambda: condition(node.status("gated"), "ContainersReady")["status"] == "True")
        assert condition(node.status("gated"), "Ready")["message"] == (
            'corresponding condition of pod readiness gate "example.com/ok" does not exist.'
        )
        pod = node.pod("gated")
        pod["status"]["conditions"].append({"type": "example.com/ok", "status": "True"})
        node.put(pod)
        status = await node.ready("gated")
        assert condition(status, "example.com/ok")["status"] == "True"


async def test_readiness_is_told_soon(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        delays = []
        for index in range(3):
            node.put(a_pod(f"web{index}", FOREVER))
            begun = time.monotonic()
            await node.ready(f"web{index}")
            delays.append(time.monotonic() - begun)
        assert min(delays) < 2, delays
        assert node.api.all(EVENTS)
        await asyncio.sleep(0)
