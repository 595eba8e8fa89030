"""`kill -9` of the daemon while pods run: they run on, the next daemon knows them, and in the end nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cri_api.v1 import api_pb2 as cri

from tests.cri import Client, connected, start_with_cri
from tests.targets import Target, hythe_command
from tests.waiting import wait_until

pytestmark = pytest.mark.root

COUNT = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done"


@contextmanager
def another(target: Target, endpoint: str) -> Iterator[None]:
    """A daemon on the same roots."""
    with (target.root / "again.log").open("wb") as log:
        command = hythe_command(target.root, "--cri", endpoint)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(lambda: target.docker("version").code == 0, 30)
        yield
    finally:
        process.terminate()
        process.wait()


def left(instance: str) -> list[str]:
    """What a daemon has on the host: interfaces and control groups, by the mark that they carry."""
    interfaces = [
        path.name for path in Path("/sys/class/net").iterdir() if path.name.startswith(f"hy{instance[:4]}")
    ]
    trees = [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").iterdir()]
    return interfaces + [str(tree) for tree in trees if (tree / f"hythe-{instance}").exists()]


def instance_of(client: Client) -> str:
    status = client.runtime.Status(cri.StatusRequest(verbose=True))
    return str(json.loads(status.info["config"])["instance"])


def kill(target: Target) -> None:
    os.kill(target.pid, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{target.pid}").exists() or _is_zombie(target.pid))


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().split(") ")[1].startswith("Z")


def test_pods_live_on(tmp_path: Path) -> None:
    with start_with_cri(tmp_path) as (target, endpoint):
        with connected(endpoint, tmp_path / "logs") as client:
            instance = instance_of(client)
            config = client.config(labels={"app": "shop"}, annotations={"note": "kept"})
            pod = client.pod(config)
            running = client.run(pod, "sh", "-c", COUNT, name="count")
            ended = client.run(pod, "sh", "-c", "exit 5", name="ended")
            brief = client.run(pod, "sh", "-c", "sleep 1; exit 6", name="brief")
            created = client.create(pod, "sleep", "100", name="created")
            client.ended(ended)
            address = client.pod_status(pod).network.ip
        kill(target)
        with another(target, endpoint), connected(endpoint, tmp_path / "logs") as client:
            _same(client, pod.id, address, running)
            client.pods.append(pod)
            assert client.status(ended).exit_code == 5
            assert client.ended(brief).exit_code == 6
            client.start(created)
            count = len(client.lines(pod, "count"))
            wait_until(lambda: len(client.lines(pod, "count")) > count)
            numbers = [int(text) for _, _, _, text in client.lines(pod, "count")]
            assert numbers == list(range(len(numbers)))
            assert client.exec(running, "hostname")[1] == f"{config.hostname}\n"
            client.remove_pods()
            assert client.runtime.ListContainers(cri.ListContainersRequest()).containers == []
            assert left(instance)
    wait_until(lambda: not left(instance), what=f"the end of {left(instance)}")


def _same(client: Client, pod_id: str, address: str, running: str) -> None:
    status = client.runtime.PodSandboxStatus(cri.PodSandboxStatusRequest(pod_sandbox_id=pod_id)).status
    assert (status.state, status.network.ip) == (cri.SANDBOX_READY, address)
    assert dict(status.labels) == {"app": "shop"} and dict(status.annotations) == {"note": "kept"}
    assert client.status(running).state == cri.CONTAINER_RUNNING


def test_a_pod_whose_process_is_killed_is_not_ready(tmp_path: Path) -> None:
    with start_with_cri(tmp_path) as (target, endpoint), connected(endpoint, tmp_path / "logs") as client:
        pod = client.pod()
        os.kill(target.inspect(pod.id)["State"]["Pid"], signal.SIGKILL)
        wait_until(lambda: client.pod_status(pod).state == cri.SANDBOX_NOTREADY)
        assert client.pod_status(pod).network.ip == ""
        client.remove_pods()
        assert target.docker("ps", "-aq").out == ""
