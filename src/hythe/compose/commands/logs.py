"""`hythe compose logs`."""

from __future__ import annotations

import threading

from hythe.client.when import moment
from hythe.compose.arguments import Parser
from hythe.compose.loglines import Follower, Printer, Style, short_name
from hythe.compose.session import Session
from hythe.compose.state import Container
from hythe.compose.watch import Watch
from hythe.errors import NotFound, Unavailable


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("logs", "[OPTIONS] [SERVICE...]", "Show the containers' output.")
    parser.flag("-f", "--follow", help="go on as more is written")
    parser.text("-n", "--tail", metavar="N", default="all", help="the last N lines of each")
    parser.flag("-t", "--timestamps", help="with the time of each line")
    parser.flag("--no-log-prefix", help="without the names in front")
    parser.flag("--no-color", help="without colours")
    parser.text("--since", metavar="TIME", help="an RFC 3339 time, or a duration such as 10m")
    parser.text("--until", metavar="TIME", help="as --since")
    parser.number("--index", help="that container of the service only")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project_or_name()
    found = session.containers(project, options.services)
    if options.index is not None:
        found = [one for one in found if one.number == options.index]
    style = Style(
        prefix=not options.no_log_prefix, color=session.color() and not options.no_color,
        timestamps=options.timestamps,
    )  # fmt: skip
    names = [short_name(one, project.name) for one in found]
    printer = Printer(style, names)
    since, until = (moment(text) for text in (options.since, options.until))
    watch = Watch(session.client, project.name) if options.follow else None

    def show(one: Container, name: str) -> None:
        follower = Follower(session.client, one, name, printer)
        follower.read(follow=options.follow, since=since, until=until, tail=options.tail)
        while watch is not None and _started_again(session, watch, one):
            follower.read(follow=True)

    if watch is None:
        for one, name in zip(found, names, strict=True):
            show(one, name)
        return 0
    threads = [
        threading.Thread(target=show, args=pair, daemon=True) for pair in zip(found, names, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


def _started_again(session: Session, watch: Watch, container: Container) -> bool:
    """Wait for the next start of a container that is to be restarted; False if there will be none."""
    try:
        state = session.client.containers.inspect(container.id)["State"]
        if state.get("Running"):
            return True
        if not state.get("Restarting"):
            return False
        return watch.until(container.id, lambda now: now.running or now.gone).running
    except (NotFound, Unavailable):
        return False
