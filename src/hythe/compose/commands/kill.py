"""`hythe compose kill`."""

from __future__ import annotations

from hythe.compose.arguments import Parser
from hythe.compose.existing import each
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("kill", "[OPTIONS] [SERVICE...]", "Send a signal to containers.")
    parser.text("-s", "--signal", metavar="SIGNAL", default="SIGKILL", help="which one")
    parser.flag("--remove-orphans", help="accepted: orphans get it too")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project_or_name()
    running = [one for one in session.containers(project, options.services) if one.running]
    each(
        session, project, running, ("Killing", "Killed"),
        lambda one: session.client.containers.kill(one.id, options.signal),
    )  # fmt: skip
    return 0
