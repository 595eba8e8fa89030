"""From what a user asked for and what the image says to a container's record. Pure, but for the clock.

The rules are Docker's: an entrypoint that is given drops the image's command; environment and labels of the
user win over the image's by key; volumes the image names become anonymous volumes unless something else is
mounted there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from hythe.base.ids import short
from hythe.engine.containers.validation import check_mounts, validate
from hythe.engine.model import Container, ContainerSpec, Endpoint, EndpointRequest, Healthcheck, MountRequest
from hythe.errors import InvalidArgument

DEFAULT_NETWORK = "bridge"


@dataclass(frozen=True)
class ImageDefaults:
    """What an image says about running it."""

    id: str
    command: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    env: list[str] = field(default_factory=list)
    user: str = ""
    working_dir: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    exposed_ports: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None


def merge_env(image: list[str], user: list[str]) -> list[str]:
    """User's entries replace the image's by key; an entry without "=" takes a key away."""
    merged = {entry.partition("=")[0]: entry for entry in image}
    for entry in user:
        key, separator, _ = entry.partition("=")
        if not key:
            raise InvalidArgument(f"invalid environment variable: {entry!r}", hint="write NAME=value")
        if separator:
            merged[key] = entry
        else:
            merged.pop(key, None)
    return list(merged.values())


def _program(spec: ContainerSpec, image: ImageDefaults) -> tuple[list[str], list[str]]:
    """(entrypoint, command) as they will be run, one after the other."""
    if spec.entrypoint is not None:
        entrypoint = [] if spec.entrypoint in ([], [""]) else spec.entrypoint
        return entrypoint, list(spec.command or [])
    return image.entrypoint, list(spec.command) if spec.command else image.command


def _healthcheck(spec: ContainerSpec, image: ImageDefaults) -> Healthcheck | None:
    """The user's test, or the image's with the user's timings; None if there is none. ["NONE"] is kept as it is."""
    own, inherited = spec.healthcheck, image.healthcheck
    if own is None or own.test[:1] == ["NONE"] or not inherited:
        check = own or inherited
    else:
        check = Healthcheck(
            test=own.test or inherited.test,
            interval=own.interval or inherited.interval,
            timeout=own.timeout or inherited.timeout,
            start_period=own.start_period or inherited.start_period,
            start_interval=own.start_interval or inherited.start_interval,
            retries=own.retries or inherited.retries,
        )
    return check if check is not None and check.test else None


def mount_requests(spec: ContainerSpec, image: ImageDefaults) -> list[MountRequest]:
    """All mounts: those asked for, then anonymous volumes where image or user only named a path."""
    requests = list(spec.host.mounts)
    taken = {request.target.rstrip("/") for request in requests}
    for target in [*image.volumes, *spec.volumes]:
        if target.rstrip("/") not in taken:
            taken.add(target.rstrip("/"))
            requests.append(MountRequest(type="volume", target=target, driver=spec.host.volume_driver))
    check_mounts(requests)
    return requests


def _endpoints(spec: ContainerSpec) -> dict[str, Endpoint]:
    mode = spec.host.network_mode
    if spec.network_disabled or mode in ("none", "host") or mode.startswith("container:"):
        return {}
    first = DEFAULT_NETWORK if mode in ("default", "") else mode
    requests = {first: EndpointRequest()} | dict(spec.networks)
    if mode in ("default", "") and "default" in requests:
        requests[first] = requests.pop("default")
    return {name: Endpoint("", name, request) for name, request in requests.items()}


def new_record(id: str, name: str, spec: ContainerSpec, image: ImageDefaults) -> Container:
    """The record of a new container; mounts and the snapshot are still to be made."""
    validate(spec)
    entrypoint, command = _program(spec, image)
    if not entrypoint and not command:
        raise InvalidArgument(
            "No command specified", hint="the image names none: give one after the image's name"
        )
    ports = sorted(
        {*image.exposed_ports, *spec.exposed_ports}
        | {f"{p.container_port}/{p.protocol}" for p in spec.host.ports}
    )
    return Container(
        id=id,
        name=name,
        created=time.time_ns(),
        spec=spec,
        image_id=image.id,
        args=[*entrypoint, *command],
        env=merge_env(image.env, spec.env),
        user=spec.user or image.user,
        working_dir=spec.working_dir or image.working_dir,
        hostname=spec.hostname or short(id),
        labels=image.labels | spec.labels,
        exposed_ports=ports,
        stop_signal=spec.stop_signal or image.stop_signal or "SIGTERM",
        healthcheck=_healthcheck(spec, image),
        entrypoint=entrypoint,
        command=command,
        endpoints=_endpoints(spec),
        snapshot=id,
    )
