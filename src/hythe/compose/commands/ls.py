"""`hythe compose ls`: the projects that have containers."""

from __future__ import annotations

from collections import Counter

from hythe.compose import naming
from hythe.compose.arguments import Parser
from hythe.compose.session import Session
from hythe.compose.state import Container, from_summary
from hythe.compose.table import formatted


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("ls", "[OPTIONS]", "List the projects that have containers.")
    parser.flag("-a", "--all", help="those that do not run, too")
    parser.flag("-q", "--quiet", help="names only")
    parser.text("--format", metavar="HOW", default="table", help="table or json")
    options = parser.parse_args(argv)
    projects: dict[str, list[Container]] = {}
    for summary in session.client.containers.list(True, {"label": [naming.PROJECT]}):
        one = from_summary(summary)
        if not one.oneoff:
            projects.setdefault(one.labels[naming.PROJECT], []).append(one)
    shown = {
        name: group
        for name, group in sorted(projects.items())
        if options.all or any(one.running for one in group)
    }
    if options.quiet:
        for name in shown:
            session.out(name)
        return 0
    rows = [[name, _status(group), _files(group)] for name, group in shown.items()]
    objects = [dict(zip(("Name", "Status", "ConfigFiles"), row, strict=True)) for row in rows]
    session.out(formatted(options.format, ("NAME", "STATUS", "CONFIG FILES"), rows, objects))
    return 0


def _status(group: list[Container]) -> str:
    """ "exited(1), running(2)"."""
    return ", ".join(
        f"{state}({count})" for state, count in sorted(Counter(one.state for one in group).items())
    )


def _files(group: list[Container]) -> str:
    return next((one.labels[naming.CONFIG_FILES] for one in group if naming.CONFIG_FILES in one.labels), "")
