"""`hythe compose create`: as `up`, but nothing is started."""

from __future__ import annotations

from hythe.compose.arguments import Parser
from hythe.compose.bringup import BringUp
from hythe.compose.commands.up import creation_flags, request
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("create", "[OPTIONS] [SERVICE...]", "Create the containers, without starting them.")
    creation_flags(parser)
    parser.services()
    options = parser.parse_args(argv)
    options.no_deps, options.renew_anon_volumes, options.timeout = False, False, None
    project = session.project(options.services)
    with session.progress() as progress:
        BringUp(session.client, project, progress).create(request(options))
    return 0
