"""`hythe compose exec`: a command in a running container; interactive and with a terminal unless -T."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from hythe.client.config.environment import environment
from hythe.client.terminal import exchange, size
from hythe.compose.arguments import Parser
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser(
        "exec", "[OPTIONS] SERVICE COMMAND [ARGUMENT...]", "Run a command in a running container."
    )
    parser.flag("-d", "--detach", help="in the background")
    parser.many("-e", "--env", metavar="NAME[=VALUE]", help="environment variable")
    parser.number("--index", help="that container of the service")
    parser.flag("-T", "--no-tty", help="without a terminal")
    parser.flag("-t", "--tty", help="accepted: it is so anyway")
    parser.flag("-i", "--interactive", help="accepted: it is so anyway")
    parser.flag("--privileged", help="with all capabilities")
    parser.text("-u", "--user", metavar="USER", help="user[:group] to run as")
    parser.text("-w", "--workdir", metavar="DIR", help="working directory")
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv)
    if not options.command:
        parser.error("a command is missing")
    container = session.one(session.project_or_name(), options.service, options.index)
    terminal = not options.no_tty and sys.stdin.isatty() and sys.stdout.isatty()
    containers = session.client.containers
    identity = containers.exec_create(container.id, _config(options, terminal=terminal))
    if options.detach:
        containers.exec_start_detached(identity, tty=terminal)
        return 0
    with containers.exec_start(identity, tty=terminal, size=size() if terminal else None) as streams:
        exchange(
            streams, tty=terminal, stdin=True,
            resize=lambda height, width: containers.exec_resize(identity, height, width),
        )  # fmt: skip
    return int(containers.exec_inspect(identity)["ExitCode"] or 0)


def _config(options: Any, *, terminal: bool) -> dict[str, Any]:
    attached = not options.detach
    return {
        "Cmd": options.command, "Tty": terminal, "Privileged": options.privileged,
        "AttachStdin": attached, "AttachStdout": attached, "AttachStderr": attached,
        "User": options.user or "", "WorkingDir": options.workdir or "",
        "Env": environment(options.env, [], os.environ), "Detach": options.detach,
    }  # fmt: skip
