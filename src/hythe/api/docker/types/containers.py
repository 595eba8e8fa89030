"""POST /containers/create without HostConfig, and the bodies of exec."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from hythe.api.docker.types.host import HostConfig
from hythe.api.docker.types.networks import EndpointConfig

StringOrList = str | list[str]


class HealthConfig(Struct, rename="pascal"):
    """Durations in nanoseconds; 0 inherits."""

    test: list[str] = []
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class NetworkingConfig(Struct, rename="pascal"):
    endpoints_config: dict[str, EndpointConfig] = {}


class ContainerConfig(Struct, rename="pascal"):
    """What a container runs. None stands for "as the image says"."""

    hostname: str = ""
    domainname: str = ""
    user: str = ""
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    exposed_ports: dict[str, Any] = {}
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    env: list[str] = []
    cmd: StringOrList | None = None
    healthcheck: HealthConfig | None = None
    image: str = ""
    volumes: dict[str, Any] = {}
    working_dir: str = ""
    entrypoint: StringOrList | None = None
    network_disabled: bool = False
    mac_address: str = ""
    labels: dict[str, str] = {}
    stop_signal: str = ""
    stop_timeout: int | None = None


class CreateRequest(ContainerConfig, rename="pascal"):
    host_config: HostConfig = field(default_factory=HostConfig)
    networking_config: NetworkingConfig = field(default_factory=NetworkingConfig)


class ExecCreateRequest(Struct, rename="pascal"):
    """POST /containers/{id}/exec."""

    user: str = ""
    privileged: bool = False
    tty: bool = False
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    detach_keys: str = ""
    env: list[str] = []
    working_dir: str = ""
    cmd: list[str] = []
    console_size: list[int] = []


class ExecStartRequest(Struct, rename="pascal"):
    """POST /exec/{id}/start. `console_size` is [height, width]."""

    detach: bool = False
    tty: bool = False
    console_size: list[int] = []
