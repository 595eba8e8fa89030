"""`hythe exec`: a further process in a running container."""

from __future__ import annotations

import os
import sys
from typing import Any

from hythe.cli import failure
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import InvalidArgument


def exec_(session: Session, argv: list[str]) -> int:
    """The program's exit code; 126 and 127 when it cannot be run."""
    parser = Parser(
        session, "exec", "[OPTIONS] CONTAINER COMMAND [ARGUMENT...]", "Run a command in a container."
    )
    parser.flag("-i", "--interactive", help="keep standard input open")
    parser.flag("-t", "--tty", help="give it a terminal")
    parser.flag("-d", "--detach", help="in the background")
    parser.flag("--privileged", help="with all capabilities")
    parser.text("-u", "--user", metavar="USER", help="user[:group] to run as")
    parser.text("-w", "--workdir", metavar="DIR", help="working directory")
    parser.many("-e", "--env", metavar="NAME[=VALUE]", help="environment variable")
    parser.many("--env-file", metavar="FILE", help="with environment variables")
    parser.text("--detach-keys", metavar="KEYS", help="leave it running with these")
    parser.add_argument("container", metavar="CONTAINER")
    parser.program("command")
    options = parser.options(argv)
    options.detach_keys = options.detach_keys or session.preferences.get("detachKeys")
    if not options.command:
        raise failure.WrongCount("'hythe exec' requires at least 2 arguments", hint="see hythe exec --help")
    if options.tty and options.interactive and not options.detach and not sys.stdin.isatty():
        raise InvalidArgument(
            "standard input is not a terminal", hint="leave -t out, or run it in a terminal"
        )
    containers = session.client.containers
    identity = containers.exec_create(options.container, _config(options))
    if options.detach:
        containers.exec_start_detached(identity, tty=options.tty)
        return 0
    return _foreground(session, options, identity)


def _config(options: Any) -> dict[str, Any]:
    from hythe.client.config.environment import environment

    return {
        "Cmd": options.command, "Tty": options.tty, "Privileged": options.privileged,
        "AttachStdin": options.interactive and not options.detach, "AttachStdout": not options.detach,
        "AttachStderr": not options.detach, "User": options.user or "", "WorkingDir": options.workdir or "",
        "Env": environment(options.env, options.env_file, os.environ),
        "DetachKeys": options.detach_keys or "", "Detach": options.detach,
    }  # fmt: skip


def _foreground(session: Session, options: Any, identity: str) -> int:
    from hythe.cli.detach import DetachWatch
    from hythe.client import terminal

    containers = session.client.containers
    watch = DetachWatch(options.detach_keys) if options.tty and options.interactive else None
    size = terminal.size() if options.tty else None
    with containers.exec_start(identity, tty=options.tty, size=size) as streams:
        terminal.exchange(
            streams, tty=options.tty, stdin=options.interactive, typed=watch.feed if watch else None,
            resize=lambda height, width: containers.exec_resize(identity, height, width),
        )  # fmt: skip
    if watch is not None and watch.done:
        return 0
    return int(containers.exec_inspect(identity)["ExitCode"] or 0)
