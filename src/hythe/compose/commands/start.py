"""`hythe compose start`: start containers that exist, in the order of their dependencies."""

from __future__ import annotations

from hythe.compose.arguments import Parser
from hythe.compose.session import Session
from hythe.compose.starting import Starter, deadline
from hythe.compose.state import Container
from hythe.compose.watch import Watch
from hythe.errors import NotFound


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("start", "[OPTIONS] [SERVICE...]", "Start containers that exist.")
    parser.flag("--wait", help="until all are running and healthy")
    parser.number("--wait-timeout", metavar="SECONDS", help="wait no longer than this")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project(options.services)
    groups: dict[str, list[Container]] = {}
    for one in session.containers(project, options.services):
        groups.setdefault(one.service, []).append(one)
    wanted = options.services or list(project.services)
    for name in wanted:
        if name not in groups and (options.services or project.services[name].scale != 0):
            raise NotFound(
                f"service {name!r} has no container to start", hint="make it with: hythe compose up -d"
            )
    services = {name: project.services[name] for name in wanted if name in project.services}
    watch = Watch(session.client, project.name)
    with session.progress() as progress:
        starter = Starter(session.client, watch, progress, services, groups, deadline(options.wait_timeout))
        starter.start()
        if options.wait:
            starter.wait()
    return 0
