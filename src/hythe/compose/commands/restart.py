"""`hythe compose restart`: as `stop` and `start`; a changed file is not looked at."""

from __future__ import annotations

from hythe.compose import graph
from hythe.compose.arguments import Parser
from hythe.compose.model import Project
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("restart", "[OPTIONS] [SERVICE...]", "Restart containers.")
    parser.number("-t", "--timeout", metavar="SECONDS", help="before containers are killed")
    parser.flag("--no-deps", help="leave services alone that depend on these with restart: true")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project_or_name()
    wanted = list(options.services)
    if wanted and not options.no_deps:
        wanted += _dependents(project, wanted)
    found = session.containers(project, wanted)
    groups: dict[str, list[str]] = {}
    names = {one.id: one.name for one in found}
    for one in found:
        groups.setdefault(one.service, []).append(one.id)
    services = {**project.services, **project.disabled}
    needs = {name: services[name].depends_on if name in services else () for name in groups}
    with session.progress() as progress:

        def restart(name: str) -> None:
            for identity in groups[name]:
                progress.show(f"Container {names[identity]}", "Restarting")
                session.client.containers.restart(identity, timeout=options.timeout)
                progress.show(f"Container {names[identity]}", "Started")

        graph.run(needs, restart)
    return 0


def _dependents(project: Project, names: list[str]) -> list[str]:
    """Services that ask to be restarted with one of these."""
    return [
        name
        for name, service in project.services.items()
        if name not in names
        and any(one.restart for other, one in service.depends_on.items() if other in names)
    ]
