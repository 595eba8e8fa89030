"""`kill -9` of the daemon and of the warden at every step of a pod's life (`hythe.base.failpoints`).

A pod runs all along and must not notice. What was being done with another may have come to nothing, but it has to be
known: whatever is listed afterwards can be stopped and removed, the same pod can be run again, and nothing is left.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import grpc
import pytest
from cri_api.v1 import api_pb2 as cri

from tests.cri import Client, Pod, connected, start_with_cri
from tests.outside.cri.test_crash import another, instance_of, left
from tests.targets import Target
from tests.waiting import wait_until

pytestmark = pytest.mark.root

BEFORE = 2
"""A pod and its container have passed the points of a start by then."""
_STARTING = [f"{op} {BEFORE + n}" for op in ("create", "start") for n in (1, 2)]
POINTS = [
    *(f"daemon:{op}:{when} {n}" for op, n in map(str.split, _STARTING) for when in ("sending", "answered")),
    *(f"warden:{op}:{when} {n}" for op, n in map(str.split, _STARTING) for when in ("received", "answering")),
    *(f"daemon:{op}:{when} 1" for op in ("kill", "delete") for when in ("sending", "answered")),
    *(f"warden:event:namespaces {BEFORE + n}" for n in (1, 2)),
    *(f"warden:{point} 1" for point in ("event:exit", "record:exit", "delete:answering")),
    *(f"daemon:save {number}" for number in range(3, 7)),
]
QUICK = ("warden:create:answering 3",)


@contextmanager
def failing_at(point: str, folder: Path) -> Iterator[tuple[Target, str]]:
    os.environ["HYTHE_FAILPOINT"] = f"{point} {folder / 'reached'}"
    try:
        with start_with_cri(folder) as found:
            del os.environ["HYTHE_FAILPOINT"]
            yield found
    finally:
        os.environ.pop("HYTHE_FAILPOINT", None)


def a_life(client: Client, config: cri.PodSandboxConfig) -> None:
    """As far as it goes."""
    with suppress(grpc.RpcError):
        pod = client.pod(config)
        client.run(pod, "sleep", "1000")
        client.remove_pods()
    client.pods.clear()


@pytest.mark.parametrize(
    "point", [pytest.param(p, marks=[] if p in QUICK else pytest.mark.slow) for p in POINTS]
)
def test_killed_at(point: str, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with failing_at(point, tmp_path) as (target, endpoint):
        with connected(endpoint, logs) as client:
            instance = instance_of(client)
            bystander = client.pod()
            client.pods.clear()
            running = client.run(bystander, "sleep", "1000")
            pid = target.inspect(running)["State"]["Pid"]
            config = client.config()
            a_life(client, config)
        assert (tmp_path / "reached").exists(), f"{point} was never reached"
        with daemon_again(target, endpoint), connected(endpoint, logs) as client:
            assert target.inspect(running)["State"]["Pid"] == pid
            assert client.exec(running, "echo", "in")[1] == "in\n"
            remove_all_but(client, bystander)
            pod = client.pod(config)
            assert client.output(pod, "echo", "new") == "new\n"
            client.pods.append(bystander)
            client.remove_pods()
            assert not list((tmp_path / "run" / "containers").iterdir())
            assert not list((tmp_path / "run" / "warden").glob("[0-9a-f]*"))
    wait_until(lambda: not left(instance), what=f"the end of {left(instance)}")


@contextmanager
def daemon_again(target: Target, endpoint: str) -> Iterator[None]:
    """The daemon that lives, or where it has died another."""
    if target.docker("version", timeout=10).code == 0:
        yield
        return
    with another(target, endpoint):
        yield


def remove_all_but(client: Client, kept: Pod) -> None:
    """As a kubelet does with pods that it does not want."""
    for pod in client.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items:
        if pod.id != kept.id:
            client.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod.id))
            client.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod.id))
    listed = client.runtime.ListContainers(cri.ListContainersRequest()).containers
    assert {one.pod_sandbox_id for one in listed} == {kept.id}
