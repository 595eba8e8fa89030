"""What a container finds around it: names, namespaces, limits, users, variables; on a real runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from hythe.kernel.cgroups import detect
from hythe.kube.client.resources import PODS, SERVICES
from hythe.kube.objects.types import Object
from tests.system.kube.kubelets import FOREVER, World, a_node, a_pod, container
from tests.system.kube.test_kubelet_volumes import eventually, in_pod

pytestmark = pytest.mark.root


async def test_names(cri: str, tmp_path: Path) -> None:
    config = {"nameservers": ["10.9.9.9"], "searches": ["corp"], "options": [{"name": "ndots", "value": "2"}]}
    async with a_node(cri, tmp_path) as node:
        aliases = [{"ip": "10.1.2.3", "hostnames": ["db", "database"]}]
        node.put(
            a_pod("web-0", FOREVER, hostname="web-0", subdomain="web", hostAliases=aliases, dnsConfig=config)
        )
        node.put(a_pod("host", FOREVER, hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet"))
        status = await node.ready("web-0")
        assert await in_pod(node, "web-0", "hostname") == "web-0\n"
        lines = (await in_pod(node, "web-0", "cat /etc/hosts")).splitlines()
        assert lines[0] == "# Kubernetes-managed hosts file."
        assert f"{status['podIP']}\tweb-0.web.default.svc.cluster.local\tweb-0" in lines
        assert "10.1.2.3\tdb\tdatabase" in lines
        resolv = await in_pod(node, "web-0", "cat /etc/resolv.conf")
        assert (
            resolv.splitlines()[:3]
            == [
                "search default.svc.cluster.local svc.cluster.local cluster.local corp",
                "nameserver 10.96.0.10",
                "nameserver 10.9.9.9",
            ]
            or "nameserver 10.96.0.10\nnameserver 10.9.9.9" in resolv
        )
        assert "options ndots:2" in resolv
        host = await node.ready("host")
        assert host["podIP"] == host["hostIP"] == "10.88.0.1"
        assert "nameserver 10.96.0.10" in await in_pod(node, "host", "cat /etc/resolv.conf")
        assert "(host network)" in await in_pod(node, "host", "cat /etc/hosts")


async def test_services_as_variables(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        port = {"port": 6379, "name": "db", "protocol": "TCP"}
        spec = {"clusterIP": "10.96.0.7", "ports": [port]}
        node.api.put(SERVICES, {"metadata": {"name": "my-redis", "namespace": "default"}, "spec": spec})
        node.put(a_pod("links", FOREVER))
        node.put(a_pod("none", FOREVER, enableServiceLinks=False))
        await node.ready("links")
        found = (await in_pod(node, "links", "env")).splitlines()
        assert "MY_REDIS_SERVICE_HOST=10.96.0.7" in found and "MY_REDIS_SERVICE_PORT_DB=6379" in found
        assert (
            "MY_REDIS_PORT_6379_TCP_ADDR=10.96.0.7" in found and "MY_REDIS_PORT=tcp://10.96.0.7:6379" in found
        )
        await node.ready("none")
        assert "REDIS" not in await in_pod(node, "none", "env")


async def test_limits_reach_the_control_groups(cri: str, tmp_path: Path) -> None:
    resources = {"requests": {"cpu": "100m", "memory": "16Mi"}, "limits": {"cpu": "500m", "memory": "32Mi"}}
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("app", containers=[container("c0", FOREVER, resources=resources)]))
        status = await node.ready("app")
        assert status["qosClass"] == "Burstable"
        uid = node.pod("app")["metadata"]["uid"]
        group = detect().group(f"{node.group}/burstable/pod{uid}")
        assert group.statistics()["memory"]["limit"] == 32 * 2**20
        assert group.processes(), "its containers are elsewhere"
        assert int(await in_pod(node, "app", "cat /proc/1/oom_score_adj")) in range(3, 1000)


async def test_out_of_memory_is_told(cri: str, tmp_path: Path) -> None:
    eat = "sleep 0.3; a=xxxxxxxxxxxxxxxx; while :; do a=$a$a; done"
    limits = {"limits": {"memory": "16Mi"}}
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("fat", restartPolicy="Never", containers=[container("c0", eat, resources=limits)]))
        status = await node.phase("fat", "Failed", 30)
        ended = status["containerStatuses"][0]["state"]["terminated"]
        assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


async def test_security_contexts(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        strict = {
            "runAsUser": 1234, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True,
        }  # fmt: skip
        node.put(a_pod("strict", containers=[container("c0", FOREVER, securityContext=strict)]))
        node.put(a_pod("root", containers=[container("c0", FOREVER, securityContext={"runAsNonRoot": True})]))
        await node.ready("strict")
        seen = await in_pod(
            node, "strict", "id -u; touch /x 2>&1; grep -E 'CapEff|NoNewPrivs' /proc/1/status"
        )
        assert seen.split("\n")[0] == "1234" and "Read-only" in seen
        assert "CapEff:\t0000000000000000" in seen and "NoNewPrivs:\t1" in seen

        def refused() -> Any:
            found = node.status("root").get("containerStatuses") or [{}]
            return (found[0].get("state") or {}).get("waiting", {}).get(
                "reason"
            ) == "CreateContainerConfigError"

        await node.until(refused)
        waits = node.status("root")["containerStatuses"][0]["state"]["waiting"]
        assert waits["message"].startswith(
            'container has runAsNonRoot and image will run as root (pod: "root_default('
        )


async def test_shared_processes_and_ephemeral_container(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("both", "exec sleep 4321", "exec sleep 1234", shareProcessNamespace=True))
        await node.ready("both")
        await eventually(node, "both", "ps | grep -c '[s]leep [41]'", "2\n")
        node.put(a_pod("one", "exec sleep 777"))
        await node.ready("one")
        pod = node.pod("one")
        look = container("look", f"ps | grep '[s]leep 777'; {FOREVER}", targetContainerName="c0")
        pod["spec"]["ephemeralContainers"] = [look]
        node.api.put(PODS, pod)

        def runs() -> Any:
            found = node.status("one").get("ephemeralContainerStatuses") or [{}]
            return "running" in (found[0].get("state") or {})

        await node.until(runs, 20, lambda: node.status("one"))
        assert "sleep 777" in await node.said("one", "look")


async def test_logs_are_read_as_asked(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        node.put(
            a_pod(
                "talk", "for i in 1 2 3 4 5; do echo line $i; done; echo err >&2; sleep 1; echo late; exit 0"
            )
        )
        await node.ready("talk")
        await node.said("talk", "c0")
        assert await node.log("talk", "c0", "follow=true&tailLines=2") == "line 5\nerr\nlate\n"
        await node.until(lambda: node.status("talk")["containerStatuses"][0]["restartCount"] == 1)
        assert await node.log("talk", "c0", "limitBytes=9&previous=true") == "line 1\nli"
        stamped = await node.log("talk", "c0", "timestamps=true&tailLines=1&previous=true")
        assert stamped[4] == "-" and stamped.endswith("Z late\n")
        status, text = await node.get("/containerLogs/default/talk/none")
        assert (status, text) == (404, 'container "none" not found in pod "talk"\n')


async def test_exec_through_the_api(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        node.put(a_pod("web", FOREVER))
        await node.ready("web")
        out, err = await _exec(node, "web", "c0", ["sh", "-c", "read x; echo $x; echo bad >&2"], b"given\n")
        assert (out, err) == (b"given\n", b"bad\n")
        status, text = await node.get("/healthz")
        assert (status, text) == (200, "ok")
        summary: Object = {}
        async with aiohttp.ClientSession() as session:
            assert node.kubelet is not None
            url = f"http://127.0.0.1:{node.kubelet.node.port}/stats/summary"
            async with session.get(url) as answer:
                summary = await answer.json()
        (pod,) = summary["pods"]
        assert pod["podRef"]["name"] == "web" and pod["containers"][0]["memory"]["workingSetBytes"] > 0
        assert summary["node"]["memory"]["availableBytes"] > 0
        _, metrics = await node.get("/metrics/resource")
        assert 'container_memory_working_set_bytes{container="c0",namespace="default",pod="web"}' in metrics


async def _exec(node: World, pod: str, name: str, command: list[str], given: bytes) -> tuple[bytes, bytes]:
    """Both outputs, over WebSocket with numbered channels."""
    assert node.kubelet is not None
    query = "&".join(["input=1", "output=1", "error=1", *(f"command={quote(word)}" for word in command)])
    url = f"http://127.0.0.1:{node.kubelet.node.port}/exec/default/{pod}/{name}?{query}"
    out, err = b"", b""
    async with aiohttp.ClientSession() as session:
        protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
        async with session.ws_connect(
            url, protocols=protocols, timeout=aiohttp.ClientWSTimeout(10)
        ) as socket:
            await socket.send_bytes(b"\x00" + given)
            async for message in socket:
                data = message.data if isinstance(message.data, bytes) else message.data.encode()
                if data[:1] == b"\x01":
                    out += data[1:]
                elif data[:1] == b"\x02":
                    err += data[1:]
                elif data[:1] == b"\x03":
                    break
    return out, err
