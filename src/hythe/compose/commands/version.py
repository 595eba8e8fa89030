"""`hythe compose version`."""

from __future__ import annotations

import json

from hythe import __version__
from hythe.compose.arguments import Parser
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("version", "[OPTIONS]", "Show the version.")
    parser.flag("--short", help="the number only")
    parser.text("-f", "--format", metavar="HOW", default="pretty", help="pretty or json")
    options = parser.parse_args(argv)
    if options.short:
        session.out(__version__)
    elif options.format == "json":
        session.out(json.dumps({"version": __version__}))
    else:
        session.out(f"hythe compose version {__version__}")
    return 0
