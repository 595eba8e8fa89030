"""A container as the engine keeps it, made from what the docker CLI sends."""

from __future__ import annotations

from typing import Any

import msgspec

from hythe.api.docker.call import decode
from hythe.api.docker.translate.create import container_spec
from hythe.api.docker.types.containers import CreateRequest
from hythe.engine.model import (
    Container,
    ContainerSpec,
    Endpoint,
    EndpointRequest,
    Health,
    Healthcheck,
    HostOptions,
    MountPoint,
    MountRequest,
    PortBinding,
    State,
)

ID = "989218377cea51e984c5b96e775e5e94ab215309aa16acd94e9e2cd2b80a602a"
IMAGE = "sha256:3cb565201ea464d7550316d8f5e44a6fa66b9bbfaa70458ad66268179b4a020b"
SECOND = 1_000_000_000
START = 1_795_486_559 * SECOND


HOST = HostOptions(
    memory=67108864,
    mounts=[MountRequest("tmpfs", "/scratch")],
    ports=[PortBinding(80, "tcp", "127.0.0.1", 18080)],
)


def create_request(body: Any) -> CreateRequest:
    return decode(msgspec.json.encode(body), CreateRequest)


def spec_of(body: Any) -> ContainerSpec:
    return container_spec(create_request(body))


def container(**changes: Any) -> Container:
    """The running container that dockerd's recorded answers describe; `changes` replace fields."""
    values: dict[str, Any] = {
        "id": ID,
        "name": "gold",
        "created": START - SECOND,
        "spec": ContainerSpec(image="busybox", host=HOST),
        "image_id": IMAGE,
        "args": ["sleep", "1000"],
        "env": ["A=b"],
        "user": "",
        "working_dir": "",
        "hostname": ID[:12],
        "labels": {"x": "y"},
        "exposed_ports": ["80/tcp"],
        "stop_signal": "SIGTERM",
        "healthcheck": Healthcheck(["CMD-SHELL", "true"]),
        "entrypoint": [],
        "command": ["sleep", "1000"],
        "mounts": [
            MountPoint("bind", "/tmp", "/host", True, "rslave"),
            MountPoint("volume", "/var/lib/v", "/data", volume="goldvol", driver="local"),
        ],
        "endpoints": {
            "bridge": Endpoint(
                "n1", "bridge", EndpointRequest(), "e1", "eth0", "172.17.0.2", 16, "172.17.0.1"
            ),
            "goldnet": Endpoint(
                "n2", "goldnet", EndpointRequest(["web"]), "e2", "eth1", "172.18.0.2", 16, "172.18.0.1"
            ),
        },
        "published": [PortBinding(80, "tcp", "127.0.0.1", 18080)],
        "state": State(status="running", pid=9424, started_at=START, health=Health()),
    }
    return Container(**(values | changes))
