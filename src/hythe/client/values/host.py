"""The engine and what it has: networks, volumes, events, versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from hythe.client.values.reading import Json, below, moment, strings


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """`subnets` in CIDR notation; `containers`: id -> address in the network."""

    id: str
    name: str
    driver: str
    internal: bool
    subnets: tuple[str, ...]
    labels: dict[str, str]
    containers: dict[str, str]
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, value: Json) -> NetworkInfo:
        pools = below(value, "IPAM", "Config") or ()
        return cls(
            value["Id"], value["Name"], value.get("Driver", ""), bool(value.get("Internal")),
            tuple(pool["Subnet"] for pool in pools if pool.get("Subnet")), strings(value.get("Labels")),
            {
                id: (each.get("IPv4Address") or "").partition("/")[0]
                for id, each in (value.get("Containers") or {}).items()
            },
            value,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class VolumeInfo:
    """`mountpoint`: where its files are on the engine's machine."""

    name: str
    driver: str
    mountpoint: str
    labels: dict[str, str]
    created: datetime | None
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, value: Json) -> VolumeInfo:
        return cls(
            value["Name"], value.get("Driver", ""), value.get("Mountpoint", ""), strings(value.get("Labels")),
            moment(value.get("CreatedAt")), value,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `type` container, `action` start, `id` whose, `attributes` name, image, labels."""

    type: str
    action: str
    id: str
    attributes: dict[str, str]
    time: datetime
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, value: Json) -> Event:
        nanoseconds = value.get("timeNano") or value.get("time", 0) * 10**9
        return cls(
            value.get("Type", ""), value.get("Action", ""), below(value, "Actor", "ID") or "",
            strings(below(value, "Actor", "Attributes")), datetime.fromtimestamp(nanoseconds / 1e9, UTC), value,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Info:
    """The engine and its machine, and how many of what it has. `memory` in bytes."""

    name: str
    server_version: str
    kernel: str
    architecture: str
    cpus: int
    memory: int
    containers: int
    running: int
    images: int
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, value: Json) -> Info:
        return cls(
            value.get("Name", ""), value.get("ServerVersion", ""), value.get("KernelVersion", ""),
            value.get("Architecture", ""), value.get("NCPU", 0), value.get("MemTotal", 0),
            value.get("Containers", 0), value.get("ContainersRunning", 0), value.get("Images", 0), value,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Bytes: layers of images, what containers have written, volumes, the build cache."""

    layers: int
    containers: int
    volumes: int
    build_cache: int
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, value: Json) -> DiskUsage:
        volumes = (below(each, "UsageData", "Size") or 0 for each in value.get("Volumes") or ())
        return cls(
            value.get("LayersSize") or 0, sum(each.get("SizeRw") or 0 for each in value.get("Containers") or ()),
            sum(max(size, 0) for size in volumes), sum(each["Size"] for each in value.get("BuildCache") or ()), value,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Version:
    """Of the engine, and of the API that it speaks."""

    version: str
    api_version: str
    oldest_api_version: str
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, value: Json) -> Version:
        return cls(value["Version"], value["ApiVersion"], value.get("MinAPIVersion", ""), value)
