"""`hythe compose stop`."""

from __future__ import annotations

from hythe.compose.arguments import Parser
from hythe.compose.existing import each
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("stop", "[OPTIONS] [SERVICE...]", "Stop containers; they stay.")
    parser.number("-t", "--timeout", metavar="SECONDS", help="before containers are killed")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project_or_name()
    running = [one for one in session.containers(project, options.services) if one.running]
    each(
        session, project, running, ("Stopping", "Stopped"),
        lambda one: session.client.containers.stop(one.id, timeout=options.timeout),
    )  # fmt: skip
    return 0
