"""Containers and what ran in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hythe.client.values.reading import Json, below, moment, pairs, strings, texts


@dataclass(frozen=True, slots=True)
class Output:
    """What a program printed and how it ended. With a terminal all of it is in `stdout`."""

    exit_code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class LogChunk:
    """A piece of output as it arrived: a line, part of one, or several. `stream` is "stdout" or "stderr"."""

    stream: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is not as the image has it; `kind`: changed, added or deleted."""

    path: str
    kind: str

    @classmethod
    def read(cls, value: Json) -> Change:
        return cls(value["Path"], ("changed", "added", "deleted")[value["Kind"]])


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port of the host that leads to a container's."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class State:
    """`status`: created, running, paused, restarting, removing, exited or dead; `health`: starting, healthy,
    unhealthy, or none where nothing is checked."""

    status: str
    pid: int
    exit_code: int
    error: str
    oom_killed: bool
    started_at: datetime | None
    finished_at: datetime | None
    health: str

    @property
    def running(self) -> bool:
        """Also while paused."""
        return self.status in ("running", "paused")

    @classmethod
    def read(cls, value: Json) -> State:
        return cls(
            value.get("Status", ""), value.get("Pid", 0), value.get("ExitCode", 0), value.get("Error", ""),
            bool(value.get("OOMKilled")), moment(value.get("StartedAt")), moment(value.get("FinishedAt")),
            below(value, "Health", "Status") or "none",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A container's place in a network."""

    network_id: str
    address: str
    gateway: str
    mac_address: str
    aliases: tuple[str, ...]

    @classmethod
    def read(cls, value: Json) -> Endpoint:
        return cls(
            value.get("NetworkID", ""), value.get("IPAddress", ""), value.get("Gateway", ""),
            value.get("MacAddress", ""), texts(value.get("Aliases")),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mount:
    """`kind`: bind, volume or tmpfs; `name` is a volume's."""

    kind: str
    name: str
    source: str
    target: str
    writable: bool

    @classmethod
    def read(cls, value: Json) -> Mount:
        return cls(
            value.get("Type", ""), value.get("Name", ""), value.get("Source", ""), value.get("Destination", ""),
            bool(value.get("RW")),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    """All about one container. `ports` has "80/tcp" -> where it is published."""

    id: str
    name: str
    image: str
    image_id: str
    created: datetime | None
    state: State
    restart_count: int
    path: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    labels: dict[str, str]
    ports: dict[str, tuple[PublishedPort, ...]]
    networks: dict[str, Endpoint]
    mounts: tuple[Mount, ...]
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, value: Json) -> ContainerInfo:
        """From ContainerInspect's answer."""
        config = value.get("Config") or {}
        ports = below(value, "NetworkSettings", "Ports") or {}
        networks = below(value, "NetworkSettings", "Networks") or {}
        return cls(
            id=value["Id"],
            name=value["Name"].removeprefix("/"),
            image=config.get("Image", ""),
            image_id=value.get("Image", ""),
            created=moment(value.get("Created")),
            state=State.read(value.get("State") or {}),
            restart_count=value.get("RestartCount", 0),
            path=value.get("Path", ""),
            arguments=texts(value.get("Args")),
            environment=pairs(config.get("Env")),
            labels=strings(config.get("Labels")),
            ports={key: tuple(map(_port, bindings)) for key, bindings in ports.items() if bindings},
            networks={name: Endpoint.read(each) for name, each in networks.items()},
            mounts=tuple(map(Mount.read, value.get("Mounts") or ())),
            raw=value,
        )


@dataclass(frozen=True, slots=True)
class ContainerSummary:
    """A line of `ps`: `state` is one word, `status` that with how long."""

    id: str
    name: str
    image: str
    image_id: str
    command: str
    created: datetime
    state: str
    status: str
    labels: dict[str, str]
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, value: Json) -> ContainerSummary:
        """From one of ContainerList's answer."""
        names = value.get("Names") or [""]
        # A link's name has two slashes, the container's own has one.
        own = min(names, key=lambda name: name.count("/"))
        return cls(
            value["Id"], own.removeprefix("/"), value.get("Image", ""), value.get("ImageID", ""),
            value.get("Command", ""), datetime.fromtimestamp(value["Created"]).astimezone(),
            value.get("State", ""), value.get("Status", ""), strings(value.get("Labels")), value,
        )  # fmt: skip


def _port(binding: Json) -> PublishedPort:
    return PublishedPort(binding.get("HostIp", ""), int(binding["HostPort"]))
