"""nginx and PostgreSQL in pods, as a cluster runs them: on the pod's address, with files of the host."""

from __future__ import annotations

from pathlib import Path

import pytest
from cri_api.v1 import api_pb2 as cri

from hythe.testing.engine import Engine
from tests.cri import Client
from tests.targets import Target
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.slow]


def test_nginx_answers_on_the_pod_s_address(client: Client, engine: Target) -> None:
    Engine(engine.host).add_images("nginx:1.22")
    pod = client.pod()
    client.run(pod, image=cri.ImageSpec(image="nginx:1.22"), name="nginx")
    page = f"http://{client.pod_status(pod).network.ip}/"
    shown = wait_until(lambda: engine.in_network("busybox", "wget", "-q", "-O", "-", page).out, 30)
    assert "nginx" in shown
    wait_until(lambda: any("GET / " in text for _, _, _, text in client.lines(pod, "nginx")))


def test_postgres_keeps_its_files_on_the_host(client: Client, engine: Target, tmp_path: Path) -> None:
    Engine(engine.host).add_images("postgres:15")
    data = tmp_path / "data"
    data.mkdir()
    for statement, rows in (("create table t as select 42 as x", "SELECT 1"), ("select x from t", "42")):
        pod = client.pod()
        id = client.run(
            pod,
            image=cri.ImageSpec(image="postgres:15"),
            name="postgres",
            envs=[cri.KeyValue(key="POSTGRES_PASSWORD", value="secret")],
            mounts=[cri.Mount(container_path="/var/lib/postgresql/data", host_path=str(data))],
        )
        command = ("psql", "-h", "127.0.0.1", "-U", "postgres", "-tAc", statement)
        found = wait_until(lambda c=command, i=id: _said(client, i, *c), 60)  # type: ignore[misc]
        assert found == rows
        client.runtime.StopContainer(cri.StopContainerRequest(container_id=id, timeout=20))
        assert client.status(id).reason == "Completed"
        client.remove_pods()


def _said(client: Client, id: str, *command: str) -> str:
    code, out, _ = client.exec(id, "env", "PGPASSWORD=secret", *command)
    return out.strip() if code == 0 else ""
