"""`hythe logs`."""

from __future__ import annotations

from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client.terminal import write
from hythe.client.when import moment


def logs(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "logs", "[OPTIONS] CONTAINER", "Show what a container printed.")
    parser.flag("-f", "--follow", help="go on showing")
    parser.text(
        "--since", metavar="TIME", help="from then on: 2024-01-02T13:23:37Z, or 42m for 42 minutes ago"
    )
    parser.text("--until", metavar="TIME", help="up to then")
    parser.flag("-t", "--timestamps", help="with the time of every line")
    parser.text("-n", "--tail", metavar="N", default="all", help="only the last N lines")
    parser.flag("--details", help="with the attributes that log options ask for")
    parser.add_argument("container", metavar="CONTAINER")
    options = parser.options(argv)
    containers = session.client.containers
    found = containers.inspect(options.container)
    write(
        containers.logs(
            found["Id"], follow=options.follow, since=moment(options.since), until=moment(options.until),
            timestamps=options.timestamps, tail=options.tail, details=options.details, tty=bool(found["Config"]["Tty"]),
        )
    )  # fmt: skip
    return 0
