"""`hythe compose down`: stop and remove what `up` has made."""

from __future__ import annotations

from hythe.compose import naming, plan
from hythe.compose.arguments import Parser, UsageProblem
from hythe.compose.containers import Containers
from hythe.compose.model import Project
from hythe.compose.resources import Resources
from hythe.compose.session import Session
from hythe.compose.state import Container, State, observe
from hythe.compose.stopping import in_reverse


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("down", "[OPTIONS] [SERVICE...]", "Stop and remove containers and networks.")
    parser.flag("-v", "--volumes", help="remove the volumes that the file declares, and anonymous ones")
    parser.flag("--remove-orphans", help="containers of services that the file does not have, too")
    parser.text("--rmi", metavar="WHICH", help="remove images: local (without a name of their own) or all")
    parser.number("-t", "--timeout", metavar="SECONDS", help="before containers are killed")
    parser.services()
    options = parser.parse_args(argv)
    if options.rmi not in (None, "local", "all"):
        raise UsageProblem(f"invalid --rmi {options.rmi!r}", hint="use local or all")
    project = session.project_or_name()
    state = observe(session.client, project.name)
    doomed = _doomed(project, state, options.services, orphans=options.remove_orphans)
    with session.progress() as progress:
        containers = Containers(session.client, project, progress, hashes={}, images={})
        in_reverse(
            project,
            doomed,
            lambda one: containers.remove(one, timeout=options.timeout, volumes=options.volumes),
        )
        if options.services:
            return 0
        resources = Resources(session.client, project, progress)
        if options.rmi:
            for name in _images(project, everything=options.rmi == "all"):
                resources.remove_image(name)
        if options.volumes:
            for name in _volumes(project, state):
                resources.remove_volume(name)
        for name in state.networks:
            resources.remove_network(name)
        if not doomed and not state.networks:
            progress.say(f"warning: no resource found to remove for project {project.name!r}")
    return 0


def _doomed(project: Project, state: State, services: list[str], *, orphans: bool) -> list[Container]:
    if services:
        return [one for one in state.containers if one.service in services]
    if orphans or not (project.services or project.disabled):
        return list(state.containers)
    gone = {one.id for one in plan.orphans(project, state)}
    return [one for one in state.containers if one.id not in gone]


def _volumes(project: Project, state: State) -> list[str]:
    """The project's own volumes: those of the labels, but for external ones."""
    external = {one.name for one in project.volumes.values() if one.external}
    declared = [one.name for one in project.volumes.values() if not one.external]
    return [name for name in dict.fromkeys([*declared, *state.volumes]) if name not in external]


def _images(project: Project, *, everything: bool) -> list[str]:
    return list(
        dict.fromkeys(
            naming.image(project, one) for one in project.services.values() if everything or one.image is None
        )
    )
