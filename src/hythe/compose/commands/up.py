"""`hythe compose up`: bring the application to the state that the file describes."""

from __future__ import annotations

from typing import Any

from hythe.compose import plan
from hythe.compose.arguments import Parser, UsageProblem, scales
from hythe.compose.bringup import BringUp, Request
from hythe.compose.foreground import Foreground, interruptible, kill_all, stop_all
from hythe.compose.loglines import Printer, Style, short_name
from hythe.compose.session import Session
from hythe.compose.starting import deadline
from hythe.compose.state import Container
from hythe.compose.watch import Cancelled, Watch


def main(session: Session, argv: list[str]) -> int:
    options = _options(argv)
    project = session.project(options.services)
    watch = Watch(session.client, project.name)
    with interruptible():
        with session.progress() as progress:
            bring = BringUp(session.client, project, progress)
            bring.create(request(options))
            if options.no_start:
                return 0
            if options.detach or options.wait:
                bring.start(watch, wait=options.wait, deadline=deadline(options.wait_timeout))
                return 0
        return _attached(session, bring, watch, options)


def request(options: Any) -> Request:
    """The flags of `up` and `create` as a request."""
    recreate = plan.FORCE if options.force_recreate else plan.NEVER if options.no_recreate else plan.DIVERGED
    return Request(
        services=options.services,
        dependencies=not options.no_deps,
        recreate=recreate,
        scale=scales(options.scale),
        build=True if options.build else False if options.no_build else None,
        pull=options.pull,
        remove_orphans=options.remove_orphans,
        renew_volumes=options.renew_anon_volumes,
        timeout=options.timeout,
    )


def creation_flags(parser: Parser) -> None:
    """What `up` and `create` both take."""
    parser.flag("--build", help="build images even if they are there")
    parser.flag("--no-build", help="never build")
    parser.flag("--force-recreate", help="recreate containers even if nothing has changed")
    parser.flag("--no-recreate", help="keep containers that exist, whatever has changed")
    parser.flag("--remove-orphans", help="remove containers of services that the file does not have")
    parser.flag("--quiet-pull", help="accepted")
    parser.text("--pull", metavar="POLICY", help="always, missing or never")
    parser.many("--scale", metavar="SERVICE=N", help="number of containers of a service")


def _options(argv: list[str]) -> Any:
    parser = Parser("up", "[OPTIONS] [SERVICE...]", "Create and start containers.")
    creation_flags(parser)
    parser.flag("-d", "--detach", help="in the background")
    parser.flag("--wait", help="until all are running and healthy; implies -d")
    parser.number("--wait-timeout", metavar="SECONDS", help="wait no longer than this")
    parser.flag("--no-deps", help="leave what the services depend on alone")
    parser.flag("--no-start", help="create only")
    parser.flag("-V", "--renew-anon-volumes", help="new anonymous volumes for recreated containers")
    parser.flag("--abort-on-container-exit", help="stop all when one has ended")
    parser.flag("--abort-on-container-failure", help="stop all when one has ended with an error")
    parser.text("--exit-code-from", metavar="SERVICE", help="end with the exit code of this service")
    parser.many("--attach", metavar="SERVICE", help="show the output of these only")
    parser.many("--no-attach", metavar="SERVICE", help="do not show the output of these")
    parser.flag("--no-log-prefix", help="without the names in front")
    parser.flag("--no-color", help="without colours")
    parser.flag("--timestamps", help="with the time of each line")
    parser.number("-t", "--timeout", metavar="SECONDS", help="before containers are killed")
    parser.flag("-y", "--yes", help="accepted: nothing is asked")
    parser.refuse("--watch", "-w", why="use up --build after a change")
    parser.refuse("--menu")
    parser.refuse("--always-recreate-deps", why="name the services with --force-recreate")
    parser.services()
    options = parser.parse_args(argv)
    for one, other in (
        ("build", "no_build"), ("force_recreate", "no_recreate"), ("detach", "abort_on_container_exit"),
        ("detach", "abort_on_container_failure"), ("detach", "exit_code_from"),
    ):  # fmt: skip
        if getattr(options, one) and getattr(options, other):
            flags = " and ".join(f"--{name.replace('_', '-')}" for name in (one, other))
            raise UsageProblem(f"{flags} exclude each other")
    return options


def _attached(session: Session, bring: BringUp, watch: Watch, options: Any) -> int:
    """Start, and stay until all is over."""
    project = bring.project
    every = [one for group in bring.groups.values() for one in group]
    shown = [one for one in every if _shown(bring, one, options)]
    style = Style(
        prefix=not options.no_log_prefix,
        color=session.color() and not options.no_color,
        timestamps=options.timestamps,
    )
    names = [short_name(one, project.name) for one in shown]
    printer = Printer(style, names)
    if names:
        session.err(f"Attaching to {', '.join(names)}")
    foreground = Foreground(session.client, project, printer, shown)
    watch.listen(foreground.listen)
    first = bool(options.abort_on_container_exit or options.exit_code_from)
    failures = bool(options.abort_on_container_failure)
    quiet = session.progress(quiet=True)
    try:
        bring.start(watch, progress=quiet)
        foreground.wait(until_first=first or failures, failures_only=failures and not first)
    except (KeyboardInterrupt, Cancelled):
        return _interrupted(session, bring, every, options)
    except BaseException:
        stop_all(session.client, project, every, quiet, options.timeout)
        raise
    if not (first or failures) or foreground.first is None:
        return 0
    session.err("Aborting on container exit...")
    with session.progress() as progress:
        stop_all(session.client, project, every, progress, options.timeout)
    foreground.drain()
    if options.exit_code_from:
        return foreground.exit_code(options.exit_code_from)
    return foreground.first[1]


def _shown(bring: BringUp, container: Container, options: Any) -> bool:
    name = container.service
    if options.attach:
        return name in options.attach
    return name not in options.no_attach and bring.project.services[name].attach


def _interrupted(session: Session, bring: BringUp, every: list[Container], options: Any) -> int:
    session.err("Gracefully stopping... (press Ctrl+C again to force)")
    with session.progress() as progress:
        try:
            stop_all(session.client, bring.project, every, progress, options.timeout)
        except KeyboardInterrupt:
            kill_all(session.client, every, progress)
    return 130
