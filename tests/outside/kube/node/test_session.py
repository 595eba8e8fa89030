"""A day with kubectl on a real node: run, logs, exec, cp, port-forward, services and their names."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.outside.kube.nodes import Cluster, ask, deployment, service
from tests.terminal import terminal
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.root


def start(whole: Cluster, space: str, name: str, *command: str) -> None:
    """A pod of busybox, waited for until it is ready."""
    image = ("--image=busybox", "--image-pull-policy=IfNotPresent")
    whole.kubectl("run", name, "-n", space, *image, "--", *command)
    whole.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "-n", space, "--timeout=30s")


def test_the_node_says_what_it_is(whole: Cluster) -> None:
    (node,) = whole.get("nodes")["items"]
    assert node["metadata"]["name"] == whole.settings["node_name"]
    assert {"InternalIP", "Hostname"} <= {each["type"] for each in node["status"]["addresses"]}
    assert whole.kubectl("get", "--raw", "/healthz") == "ok"


def test_run_logs_exec_and_delete(whole: Cluster, space: str) -> None:
    start(whole, space, "talker", "sh", "-c", "n=0; while :; do echo line $n; n=$((n+1)); sleep 0.2; done")
    follow = subprocess.Popen(
        ["kubectl", "logs", "-f", "talker", "-n", space], env=whole.env, stdout=subprocess.PIPE, text=True
    )
    try:
        assert follow.stdout is not None
        assert [follow.stdout.readline() for _ in range(4)] == [f"line {n}\n" for n in range(4)]
    finally:
        follow.kill()
        follow.wait()
    assert whole.kubectl("exec", "talker", "-n", space, "--", "echo", "from within") == "from within\n"
    said = whole.kubectl("exec", "-i", "talker", "-n", space, "--", "cat", stdin="through\n")
    assert said == "through\n"
    refused = subprocess.run(
        ["kubectl", "exec", "talker", "-n", space, "--", "sh", "-c", "exit 7"], env=whole.env, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert refused.returncode == 7
    whole.kubectl("delete", "pod", "talker", "-n", space, "--grace-period=1", timeout=60)
    assert "not found" in whole.kubectl("get", "pod", "talker", "-n", space, check=False)


def test_exec_with_a_terminal(whole: Cluster, space: str) -> None:
    start(whole, space, "shell", "sleep", "1000")
    with terminal(["kubectl", "exec", "-it", "shell", "-n", space, "--", "sh"], whole.env) as shown:
        shown.expect("#")
        shown.type("tty; echo the $((1 + 1))nd\n")
        assert "/dev/pts/" in shown.expect("the 2nd")
        shown.type("exit 3\n")
        assert shown.end() == 3


def test_cp_both_ways(whole: Cluster, space: str, tmp_path: Path) -> None:
    start(whole, space, "box", "sleep", "1000")
    (tmp_path / "there").write_bytes(bytes(range(256)) * 500)
    whole.kubectl("cp", str(tmp_path / "there"), f"{space}/box:/tmp/there")
    whole.kubectl("cp", f"{space}/box:/tmp/there", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == (tmp_path / "there").read_bytes()


def test_port_forward(whole: Cluster, space: str) -> None:
    whole.apply(deployment("web", "forwarded", replicas=1), service("web"), namespace=space)
    whole.kubectl("rollout", "status", "deployment/web", "-n", space, "--timeout=40s")
    forward = subprocess.Popen(
        ["kubectl", "port-forward", "service/web", ":80", "-n", space], env=whole.env, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert forward.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", forward.stdout.readline())
        assert found is not None
        assert [ask(f"http://127.0.0.1:{found[1]}/") for _ in range(3)] == ["forwarded"] * 3
    finally:
        forward.kill()
        forward.wait()


def test_services_by_address_name_and_node_port(whole: Cluster, space: str) -> None:
    whole.apply(deployment("web", "served"), service("web", type="NodePort"), namespace=space)
    whole.kubectl("rollout", "status", "deployment/web", "-n", space, "--timeout=40s")
    start(whole, space, "asker", "sleep", "1000")
    spec = whole.get("service", "web", "-n", space)["spec"]
    port = spec["ports"][0]["nodePort"]
    wait_until(lambda: _answers(f"http://{spec['clusterIP']}/", "served"))
    for place in (f"127.0.0.1:{port}", f"{whole.settings['node_ip']}:{port}"):
        assert ask(f"http://{place}/") == "served"
    name = f"web.{space}.svc.cluster.local"
    looked_up = whole.kubectl("exec", "asker", "-n", space, "--", "nslookup", name)
    assert spec["clusterIP"] in looked_up
    fetch = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc {spec['clusterIP']} 80"
    inside = whole.kubectl("exec", "asker", "-n", space, "--", "sh", "-c", fetch)
    assert "served" in inside


def test_a_load_balancer_has_an_address_of_this_machine(whole: Cluster, space: str) -> None:
    body = service("web", type="LoadBalancer")
    body["spec"]["ports"][0]["port"] = 18427
    whole.apply(deployment("web", "balanced", replicas=1), body, namespace=space)
    whole.kubectl("rollout", "status", "deployment/web", "-n", space, "--timeout=40s")
    path = "-o=jsonpath={.status.loadBalancer.ingress[0].ip}"
    wait_until(lambda: whole.kubectl("get", "service", "web", "-n", space, path), 20, "an address")
    address = whole.kubectl("get", "service", "web", "-n", space, path)
    assert address == whole.settings["node_ip"]
    wait_until(lambda: _answers(f"http://{address}:18427/", "balanced"), 20)


def _answers(url: str, wanted: str) -> bool:
    try:
        return ask(url) == wanted
    except OSError:
        return False


def test_endpoints_follow_readiness_within_moments(whole: Cluster, space: str) -> None:
    whole.apply(deployment("web", "here", replicas=1), service("web"), namespace=space)
    whole.kubectl("rollout", "status", "deployment/web", "-n", space, "--timeout=40s")
    address = whole.get("service", "web", "-n", space)["spec"]["clusterIP"]
    wait_until(lambda: _answers(f"http://{address}/", "here"))
    whole.kubectl("scale", "deployment/web", "--replicas=0", "-n", space)
    begun = time.monotonic()
    while True:
        try:
            ask(f"http://{address}/", timeout=1)
        except OSError as error:
            assert "refused" in str(error)
            break
        assert time.monotonic() - begun < 20 * PATIENCE
        time.sleep(0.05)


def test_the_pods_containers_are_the_engines_too(whole: Cluster, space: str) -> None:
    start(whole, space, "seen", "sleep", "1000")
    listed = subprocess.run(
        ["docker", "-H", whole.engine, "ps", "--filter", "label=io.kubernetes.pod.name=seen", "--format", "{{.Names}}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert any("seen" in name for name in listed.stdout.split())
