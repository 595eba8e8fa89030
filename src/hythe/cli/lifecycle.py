"""Verbs on containers that are there: start, stop, restart, kill, pause, unpause, rm, rename, wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import InvalidArgument, NotFound


def start(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "start", "Start containers.")
    parser.flag("-a", "--attach", help="connect to its output and pass signals on")
    parser.flag("-i", "--interactive", help="connect to its input too")
    parser.text("--detach-keys", metavar="KEYS", help="leave it running with these")
    parser.refuse("--checkpoint", "--checkpoint-dir", why="there are no checkpoints; start it anew")
    options = parser.options(argv)
    if options.attach or options.interactive:
        return _start_attached(session, options)

    def one(name: str) -> str:
        session.client.containers.start(name)
        return name

    return session.each(options.containers, one)


def stop(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "stop", "Stop containers.")
    return _ended(
        session, parser, argv, lambda name, options: session.client.containers.stop(name, **options)
    )


def restart(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "restart", "Stop and start containers.")
    return _ended(
        session, parser, argv, lambda name, options: session.client.containers.restart(name, **options)
    )


def kill(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "kill", "Send a signal to containers.")
    parser.text("-s", "--signal", metavar="SIGNAL", default="KILL", help="which, default KILL")
    options = parser.options(argv)
    return _simple(session, options, lambda name: session.client.containers.kill(name, options.signal))


def pause(session: Session, argv: list[str]) -> int:
    options = _parser(session, "pause", "Freeze all processes of containers.").options(argv)
    return _simple(session, options, session.client.containers.pause)


def unpause(session: Session, argv: list[str]) -> int:
    options = _parser(session, "unpause", "Let frozen containers go on.").options(argv)
    return _simple(session, options, session.client.containers.unpause)


def rm(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "rm", "Remove containers.")
    parser.flag("-f", "--force", help="also running ones, and say nothing of those that are not there")
    parser.flag("-v", "--volumes", help="and their anonymous volumes")
    parser.flag("-l", "--link", help="remove a link, not a container")
    options = parser.options(argv)

    def remove(name: str) -> str | None:
        try:
            session.client.containers.remove(
                name, force=options.force, volumes=options.volumes, link=options.link
            )
        except NotFound as error:
            if not options.force:
                raise
            session.err(f"hythe: {error.message}")
            return None
        return name

    return session.each(options.containers, remove)


def rename(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "rename", "CONTAINER NAME", "Give a container another name.")
    parser.add_argument("container", metavar="CONTAINER")
    parser.add_argument("name", metavar="NAME")
    options = parser.options(argv)
    session.client.containers.rename(options.container, options.name)
    return 0


def wait(session: Session, argv: list[str]) -> int:
    options = _parser(session, "wait", "Wait until containers have stopped; print their exit codes.").options(
        argv
    )
    return session.each(options.containers, lambda name: str(session.client.containers.wait(name)))


def _parser(session: Session, name: str, summary: str) -> Parser:
    parser = Parser(session, name, "[OPTIONS] CONTAINER...", summary)
    parser.add_argument("containers", nargs="+", metavar="CONTAINER")
    return parser


def _simple(session: Session, options: Any, action: Callable[[str], None]) -> int:
    def one(name: str) -> str:
        action(name)
        return name

    return session.each(options.containers, one)


def _ended(
    session: Session, parser: Parser, argv: list[str], action: Callable[[str, dict[str, Any]], object]
) -> int:
    parser.text("-s", "--signal", metavar="SIGNAL", help="instead of the image's stop signal")
    parser.number("-t", "--time", "--timeout", metavar="SECONDS", help="before it is killed; -1: never")
    options = parser.options(argv)

    def one(name: str) -> str:
        action(name, {"timeout": options.time, "signal": options.signal})
        return name

    return session.each(options.containers, one)


def _start_attached(session: Session, options: Any) -> int:
    if len(options.containers) > 1:
        raise InvalidArgument(
            "only one container can be started and attached to", hint="name one, or leave -a out"
        )
    from hythe.cli.foreground import Foreground

    found = session.client.containers.inspect(options.containers[0])
    tty = bool(found["Config"]["Tty"])
    ground = Foreground(
        session.client, found["Id"], tty=tty,
        stdin=options.interactive and bool(found["Config"]["OpenStdin"]), stdout=True, stderr=True,
        detach_keys=options.detach_keys or session.preferences.get("detachKeys"), proxy=not tty,
    )  # fmt: skip
    if found["State"]["Running"]:
        return ground.join()
    return ground.start("removed" if found["HostConfig"].get("AutoRemove") else "next-exit")
