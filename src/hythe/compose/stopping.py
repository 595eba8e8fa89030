"""Stopping, killing and removing containers: who depends on others goes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hythe.compose import graph, naming
from hythe.compose.model import Project
from hythe.compose.state import Container


def in_reverse(project: Project, containers: Iterable[Container], work: Callable[[Container], None]) -> None:
    """Do `work` for every container, each service after those that depend on it, in parallel where possible."""
    groups: dict[str, list[Container]] = {}
    for one in containers:
        groups.setdefault(one.service, []).append(one)
    needs = {name: _dependencies(project, name, group) for name, group in groups.items()}
    after = graph.reverse(needs)
    # One node a container; it waits for all containers of the services that depend on its own.
    members = {name: [one.id for one in group] for name, group in groups.items()}
    by_id = {one.id: one for group in groups.values() for one in group}
    nodes = {
        one.id: [identity for other in after[name] for identity in members[other]]
        for name, group in groups.items()
        for one in group
    }
    if graph.find_cycle(nodes):
        nodes = {identity: [] for identity in nodes}
    graph.run(nodes, lambda identity: work(by_id[identity]))


def _dependencies(project: Project, name: str, group: list[Container]) -> list[str]:
    """By the file, or by the containers' label where the file does not know the service."""
    service = project.services.get(name) or project.disabled.get(name)
    if service is not None:
        return list(service.depends_on)
    label = group[0].labels.get(naming.DEPENDS_ON, "")
    return [part.partition(":")[0] for part in label.split(",") if part]
