"""What the schema cannot see: undeclared names, circles, contradictions; and which services are active."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from hythe.compose.document import Place
from hythe.compose.graph import find_cycle
from hythe.compose.model import Dependency, Project, Service
from hythe.errors import NotFound


def references(project: Project) -> None:
    """Raise SyntaxProblem at the first name that nothing declares, or contradiction."""
    for service in project.services.values():
        _service(project, service)
    cycle = find_cycle({name: list(one.depends_on) for name, one in project.services.items()})
    if cycle:
        place = project.services[cycle[0]].depends_on[cycle[1]].place
        raise place.problem(f"services depend on each other in a circle: {' -> '.join(cycle)}")


def selected(project: Project, profiles: Iterable[str]) -> Project:
    """The project with the services of inactive profiles set aside in `disabled`."""
    active = set(profiles)
    on: dict[str, Service] = {}
    off: dict[str, Service] = {}
    for name, service in {**project.services, **project.disabled}.items():
        enabled = not service.profiles or "*" in active or active & set(service.profiles)
        (on if enabled else off)[name] = service
    return replace(project, services=on, disabled=off, profiles=tuple(profiles))


def with_services(project: Project, names: Iterable[str]) -> Project:
    """The project with named services switched on, whatever their profiles. Raises NotFound."""
    on, off = dict(project.services), dict(project.disabled)
    for name in names:
        if name in off:
            on[name] = off.pop(name)
        elif name not in on:
            raise NotFound(f"no such service: {name}", hint=nearest(name, on))
    return replace(project, services=on, disabled=off)


def closed(project: Project) -> None:
    """Raise where an active service needs one that is not active."""
    for service in project.services.values():
        for name, dependency in service.depends_on.items():
            if dependency.required and name not in project.services:
                raise dependency.place.problem(
                    f"service {service.name!r} depends on {name!r}, which is not active",
                    hint=f"activate it with --profile {project.disabled[name].profiles[0]}"
                    if name in project.disabled
                    else None,
                )


def nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names) or 'none'}"


def _service(project: Project, service: Service) -> None:
    place, name = service.place, service.name
    if service.image is None and service.build is None:
        raise place.problem(f"service {name!r} has neither an image nor a build section")
    if service.container_name and (service.scale or 0) > 1:
        raise place.problem(
            f"service {name!r} has a container_name, so it cannot have {service.scale} containers",
            hint="remove container_name or scale",
        )
    _dependencies(service.depends_on, project, name)
    _declared(service.networks, project.networks, "network", place, name)
    for mount in service.volumes:
        if mount.type == "volume" and mount.source:
            _declared([mount.source], project.volumes, "volume", mount.place, name)
    for kind, used, known in (
        ("config", service.configs, project.configs),
        ("secret", service.secrets, project.secrets),
    ):
        for reference in used:
            _declared([reference.source], known, kind, reference.place, name)


def _dependencies(found: Mapping[str, Dependency], project: Project, name: str) -> None:
    for other, dependency in found.items():
        if other == name:
            raise dependency.place.problem(f"service {name!r} depends on itself")
        if other not in project.services and dependency.required:
            raise dependency.place.problem(
                f"service {name!r} depends on {other!r}, which is not declared",
                hint=nearest(other, project.services),
            )


def _declared(
    used: Iterable[str], known: Mapping[str, object], kind: str, place: Place, service: str
) -> None:
    for one in used:
        if one not in known:
            raise place.problem(
                f"service {service!r} uses the {kind} {one!r}, which is not declared",
                hint=f"add it to {kind}s: at the top level; {nearest(one, known)}",
            )
