"""`hythe compose pause`."""

from __future__ import annotations

from hythe.compose.arguments import Parser
from hythe.compose.existing import each
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("pause", "[SERVICE...]", "Pause services.")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project_or_name()
    found = [one for one in session.containers(project, options.services) if one.state == "running"]
    each(session, project, found, ("Pausing", "Paused"), lambda one: session.client.containers.pause(one.id))
    return 0
