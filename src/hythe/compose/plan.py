"""What is to be done to make the engine's state what the project says. Pure: values in, a plan out.

Per service, containers whose configuration, image and networks are as wanted are kept; others are recreated, in
place of their number; missing ones are created and surplus ones removed, the highest numbers first. A
service that shares a namespace of another one is recreated with it, for it names that container by id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hythe.compose.graph import order
from hythe.compose.model import Network, Project, Service, Volume
from hythe.compose.state import Container, State

DIVERGED, FORCE, NEVER = "diverged", "force", "never"


@dataclass(frozen=True)
class Wish:
    """What the command asks for: services, `recreate` for those named, numbers of containers.

    `hashes` are the config hashes, `images` the ids of the images, by service; an image that is not known
    (None) makes no container obsolete.
    """

    services: frozenset[str]
    named: frozenset[str]
    hashes: Mapping[str, str]
    images: Mapping[str, str | None] = field(default_factory=dict)
    recreate: str = DIVERGED
    scale: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ServicePlan:
    """`create` are container numbers; `recreate` keeps the number of each container."""

    service: Service
    keep: tuple[Container, ...] = ()
    create: tuple[int, ...] = ()
    recreate: tuple[Container, ...] = ()
    remove: tuple[Container, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.create or self.recreate)


@dataclass(frozen=True)
class Plan:
    networks: tuple[Network, ...]
    volumes: tuple[Volume, ...]
    services: Mapping[str, ServicePlan]
    orphans: tuple[Container, ...]
    restart: frozenset[str] = frozenset()


def make(project: Project, state: State, wish: Wish) -> Plan:
    """The plan; networks and volumes are those that the wanted services use and the engine lacks."""
    wanted = {name: project.services[name] for name in wish.services}
    services: dict[str, ServicePlan] = {}
    for name in order({name: one.depends_on for name, one in wanted.items()}):
        moved = any(services[other].changed for other in _shares(wanted[name]) if other in services)
        services[name] = _service(project, wanted[name], state, wish, moved=moved)
    return Plan(
        networks=_networks(project, wanted.values(), state),
        volumes=_volumes(project, wanted.values(), state),
        services=services,
        orphans=orphans(project, state),
        restart=_restarted(wanted, services),
    )


def orphans(project: Project, state: State) -> tuple[Container, ...]:
    """Containers of the project whose service is not in the file any more."""
    known = {*project.services, *project.disabled}
    return tuple(one for one in state.containers if one.service not in known and not one.oneoff)


def diverged(project: Project, service: Service, container: Container, wish: Wish) -> bool:
    """Whether a container is not as a new one would be."""
    if container.config_hash != wish.hashes[service.name]:
        return True
    image = wish.images.get(service.name)
    if image is not None and container.image_id and container.image_id != image:
        return True
    return any(project.networks[key].name not in container.networks for key in service.networks)


def _service(project: Project, service: Service, state: State, wish: Wish, *, moved: bool) -> ServicePlan:
    existing = state.of(service.name)
    count = wish.scale.get(service.name, 1 if service.scale is None else service.scale)
    stay, surplus = existing[:count], existing[count:]
    mode = wish.recreate if service.name in wish.named else DIVERGED
    if wish.recreate == NEVER:
        mode = NEVER
    again = [
        one
        for one in stay
        if mode == FORCE or (mode == DIVERGED and (moved or diverged(project, service, one, wish)))
    ]
    taken = {one.number for one in stay}
    free = (number for number in range(1, count + len(existing) + 1) if number not in taken)
    return ServicePlan(
        service=service,
        keep=tuple(one for one in stay if one not in again),
        create=tuple(next(free) for _ in range(count - len(stay))),
        recreate=tuple(again),
        remove=tuple(reversed(surplus)),
    )


def _shares(service: Service) -> list[str]:
    modes = [service.network_mode, service.ipc, service.pid]
    return [mode.removeprefix("service:") for mode in modes if mode and mode.startswith("service:")]


def _restarted(wanted: Mapping[str, Service], plans: Mapping[str, ServicePlan]) -> frozenset[str]:
    """Services to start again because what they depend on, with `restart: true`, is replaced."""
    return frozenset(
        name
        for name, service in wanted.items()
        for other, dependency in service.depends_on.items()
        if dependency.restart and other in plans and plans[other].recreate
    )


def _networks(project: Project, services: Iterable[Service], state: State) -> tuple[Network, ...]:
    used = {key for service in services for key in service.networks}
    return tuple(
        one for key, one in project.networks.items() if key in used and one.name not in state.networks
    )


def _volumes(project: Project, services: Iterable[Service], state: State) -> tuple[Volume, ...]:
    used = {mount.source for service in services for mount in service.volumes if mount.type == "volume"}
    return tuple(one for key, one in project.volumes.items() if key in used and one.name not in state.volumes)
