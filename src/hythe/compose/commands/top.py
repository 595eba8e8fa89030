"""`hythe compose top`: the processes of the containers."""

from __future__ import annotations

from hythe.compose.arguments import Parser
from hythe.compose.session import Session
from hythe.compose.table import aligned


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("top", "[SERVICE...]", "Show the running processes.")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project_or_name()
    for one in session.containers(project, options.services, all=False):
        found = session.client.containers.top(one.id)
        session.out(one.name)
        session.out(aligned(found["Titles"], found.get("Processes") or []) + "\n")
    return 0
