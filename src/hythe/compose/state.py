"""What the engine has of a project: its containers, networks and volumes, found by their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hythe.client import Client
from hythe.compose import naming

Json = dict[str, Any]


@dataclass(frozen=True)
class Container:
    """One container; `state` is created, running, paused, restarting, exited...; `networks` name -> id."""

    id: str
    name: str
    service: str
    number: int
    state: str
    status: str = ""
    image: str = ""
    image_id: str = ""
    config_hash: str = ""
    oneoff: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    summary: Json = field(default_factory=dict, compare=False)

    @property
    def running(self) -> bool:
        return self.state in ("running", "paused", "restarting")


@dataclass(frozen=True)
class State:
    """`networks` and `volumes` are those of the project's labels, by name -> the engine's object."""

    containers: tuple[Container, ...] = ()
    networks: Mapping[str, Json] = field(default_factory=dict)
    volumes: Mapping[str, Json] = field(default_factory=dict)

    def of(self, service: str) -> list[Container]:
        """The containers of a service, but for those of `run`, by number."""
        found = [one for one in self.containers if one.service == service and not one.oneoff]
        return sorted(found, key=lambda one: one.number)


def observe(client: Client, project: str, *, volumes: bool = True) -> State:
    filters = {"label": [f"{naming.PROJECT}={project}"]}
    networks = {one["Name"]: one for one in client.networks.list(filters)}
    found = client.volumes.list(filters) if volumes else []
    return State(tuple(containers(client, project)), networks, {one["Name"]: one for one in found})


def containers(client: Client, project: str, *, all: bool = True) -> list[Container]:
    """The project's containers, those of `run` as well, by service and number."""
    filters = {"label": [f"{naming.PROJECT}={project}"]}
    found = [from_summary(one) for one in client.containers.list(all, filters)]
    return sorted(found, key=lambda one: (one.service, one.oneoff, one.number, one.name))


def from_summary(summary: Json) -> Container:
    """A ContainerSummary of the API."""
    labels: Mapping[str, str] = summary.get("Labels") or {}
    networks = ((summary.get("NetworkSettings") or {}).get("Networks")) or {}
    number = labels.get(naming.NUMBER, "")
    return Container(
        id=summary["Id"],
        name=(summary.get("Names") or [summary["Id"][:12]])[0].lstrip("/"),
        service=labels.get(naming.SERVICE, ""),
        number=int(number) if number.isdecimal() else 0,
        state=summary.get("State", ""),
        status=summary.get("Status", ""),
        image=summary.get("Image", ""),
        image_id=labels.get(naming.IMAGE, "") or summary.get("ImageID", ""),
        config_hash=labels.get(naming.HASH, ""),
        oneoff=labels.get(naming.ONEOFF, "").lower() == "true",
        labels=labels,
        networks={name: (one or {}).get("NetworkID", "") for name, one in networks.items()},
        summary=summary,
    )
