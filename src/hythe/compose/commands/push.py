"""`hythe compose push`."""

from __future__ import annotations

from hythe.compose import graph
from hythe.compose.arguments import Parser
from hythe.compose.images import Images
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    """Of the services that are built and say under which name: others have nothing of their own to push."""
    parser = Parser("push", "[OPTIONS] [SERVICE...]", "Send the services' images to their registries.")
    parser.flag("-q", "--quiet", help="print nothing")
    parser.flag("--ignore-push-failures", help="go on without those that cannot be sent")
    parser.flag("--include-deps", help="what the services depend on, too")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project(options.services)
    wanted = set(options.services or project.services)
    if options.include_deps:
        wanted = graph.closure({name: one.depends_on for name, one in project.services.items()}, wanted)
    chosen = [one for name, one in project.services.items() if name in wanted]
    services = [one for one in chosen if one.build is not None and one.image is not None]
    with session.progress(quiet=options.quiet) as progress:
        images = Images(session.client, project, progress)
        images.push(services, ignore_failures=options.ignore_push_failures)
    return 0
