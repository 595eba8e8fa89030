"""`hythe compose pull`."""

from __future__ import annotations

from hythe.compose import graph
from hythe.compose.arguments import Parser
from hythe.compose.images import Images
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("pull", "[OPTIONS] [SERVICE...]", "Fetch the services' images.")
    parser.flag("-q", "--quiet", help="print nothing")
    parser.flag("--ignore-pull-failures", help="go on without those that cannot be had")
    parser.flag("--ignore-buildable", help="not those that can be built")
    parser.flag("--include-deps", help="what the services depend on, too")
    parser.text("--policy", metavar="WHICH", default="always", help="always, or missing")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project(options.services)
    wanted = set(options.services or project.services)
    if options.include_deps:
        wanted = graph.closure({name: one.depends_on for name, one in project.services.items()}, wanted)
    services = [one for name, one in project.services.items() if name in wanted and one.image is not None]
    if options.ignore_buildable:
        services = [one for one in services if one.build is None]
    if options.policy == "missing":
        services = [one for one in services if not session.client.images.exists(one.image or "")]
    with session.progress(quiet=options.quiet) as progress:
        images = Images(session.client, project, progress)
        images.pull(services, ignore_failures=options.ignore_pull_failures)
    return 0
