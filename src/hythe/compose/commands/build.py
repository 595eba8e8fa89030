"""`hythe compose build`."""

from __future__ import annotations

import os

from hythe.compose import graph
from hythe.compose.arguments import Parser, UsageProblem
from hythe.compose.images import BuildFlags, Images
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("build", "[OPTIONS] [SERVICE...]", "Build or rebuild the services' images.")
    parser.flag("--no-cache", help="take nothing from the cache")
    parser.flag("--pull", help="fetch base images even if they are here")
    parser.flag("-q", "--quiet", help="print nothing but failures")
    parser.flag("--with-dependencies", help="what the services depend on, too")
    parser.many("--build-arg", metavar="NAME[=VALUE]", help="value of an ARG")
    parser.refuse("--push", why="use hythe push IMAGE")
    parser.refuse("--ssh", value=True)
    parser.refuse("--builder", value=True)
    parser.refuse("-m", "--memory", value=True)
    parser.services()
    options = parser.parse_args(argv)
    project = session.project(options.services)
    wanted = set(options.services or project.services)
    if options.with_dependencies:
        wanted = graph.closure({name: one.depends_on for name, one in project.services.items()}, wanted)
    services = [one for name, one in project.services.items() if name in wanted and one.build is not None]
    if not services:
        session.err("No services to build")
        return 0
    flags = BuildFlags(
        no_cache=options.no_cache, pull=options.pull, args=_arguments(options.build_arg),
        quiet=options.quiet or session.flags.progress == "quiet",
    )  # fmt: skip
    with session.progress(quiet=options.quiet) as progress:
        Images(session.client, project, progress).build(services, flags)
    return 0


def _arguments(texts: list[str]) -> dict[str, str | None]:
    result: dict[str, str | None] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name:
            raise UsageProblem(f"invalid build argument {text!r}", hint="write NAME=value")
        result[name] = value if equals else os.environ.get(name)
    return result
