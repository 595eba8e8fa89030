"""`hythe compose rm`: remove stopped containers."""

from __future__ import annotations

import sys

from hythe.compose.arguments import Parser, UsageProblem
from hythe.compose.containers import Containers
from hythe.compose.session import Session
from hythe.compose.stopping import in_reverse


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("rm", "[OPTIONS] [SERVICE...]", "Remove stopped containers.")
    parser.flag("-f", "--force", help="do not ask")
    parser.flag("-s", "--stop", help="stop them first")
    parser.flag("-v", "--volumes", help="their anonymous volumes, too")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project_or_name()
    found = session.containers(project, options.services, oneoff=True)
    doomed = [one for one in found if options.stop or not one.running]
    if not doomed:
        session.err("No stopped containers")
        return 0
    if not options.force and not _agreed(session, [one.name for one in doomed]):
        return 0
    with session.progress() as progress:
        containers = Containers(session.client, project, progress, hashes={}, images={})
        in_reverse(project, doomed, lambda one: containers.remove(one, volumes=options.volumes))
    return 0


def _agreed(session: Session, names: list[str]) -> bool:
    if not sys.stdin.isatty():
        raise UsageProblem("rm asks before it removes, and there is no terminal", hint="use rm -f")
    session.err(f"Going to remove {', '.join(names)}\nAre you sure? [yN] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
