"""Parsing of command lines: argparse that raises instead of exiting, and refuses docker's flags by name."""

from __future__ import annotations

import argparse
from typing import Any, Final, NoReturn

from hythe.errors import InvalidArgument, Unsupported


class UsageProblem(InvalidArgument):
    """The flags or arguments of a command are not as it takes them."""


class Declare(str):
    """In the place of a command's arguments: its parser is wanted, and nothing is to be done."""


class Declared(Exception):
    """Carries the parser out of the command."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self.parser = parser


class Parser(argparse.ArgumentParser):
    """A parser for one command of `hythe compose`."""

    def __init__(self, name: str, synopsis: str, summary: str) -> None:
        path = f"hythe compose {name}".rstrip()
        super().__init__(
            prog=path, usage=f"{path} {synopsis}", description=summary, allow_abbrev=False, add_help=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        self.add_argument("-h", "--help", action="help", help="show this")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if args and isinstance(args[0], Declare):
            raise Declared(self)
        return super().parse_known_args(args, namespace)

    def flag(self, *names: str, help: str = "") -> None:
        self.add_argument(*names, action="store_true", help=help)

    def text(self, *names: str, metavar: str = "TEXT", help: str = "", default: str | None = None) -> None:
        self.add_argument(*names, metavar=metavar, help=help, default=default)

    def number(self, *names: str, metavar: str = "N", help: str = "") -> None:
        self.add_argument(*names, metavar=metavar, help=help, type=int)

    def many(self, *names: str, metavar: str = "TEXT", help: str = "") -> None:
        self.add_argument(*names, metavar=metavar, help=help, action="append", default=[])

    def services(self) -> None:
        self.add_argument("services", nargs="*", metavar="SERVICE")

    def refuse(self, *names: str, value: bool = False, why: str = "") -> None:
        """Know a flag of docker's only to say that hythe has no such thing."""
        self.add_argument(
            *names, action=_Refuse, nargs=None if value else 0, const=why, help=argparse.SUPPRESS
        )

    def error(self, message: str) -> NoReturn:
        raise UsageProblem(f"{self.prog}: {message}", hint=f"see {self.prog} --help")


class _Refuse(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, option: str | None = None
    ) -> None:
        raise Unsupported(
            f"{option} is not supported by hythe yet", hint=self.const or f"see {parser.prog} --help"
        )


def scales(texts: list[str]) -> dict[str, int]:
    """["web=3"] -> {"web": 3}."""
    result = {}
    for text in texts:
        name, equals, count = text.partition("=")
        if not (name and equals and count.isdecimal()):
            raise UsageProblem(f"invalid scale {text!r}", hint="write SERVICE=NUMBER, such as web=3")
        result[name] = int(count)
    return result


COMMANDS: Final = {
    "build": "Build or rebuild the services' images",
    "config": "Check the file, and print what it comes to",
    "cp": "Copy files between a service's container and this machine",
    "create": "Create the containers, without starting them",
    "down": "Stop and remove containers and networks",
    "events": "Print the containers' events as they happen",
    "exec": "Run a command in a running container",
    "images": "List the images that the containers use",
    "kill": "Send a signal to containers",
    "logs": "Show the containers' output",
    "ls": "List the projects that have containers",
    "pause": "Pause services",
    "port": "Print where a port of a service is published",
    "ps": "List containers",
    "pull": "Fetch the services' images",
    "push": "Send the services' images to their registries",
    "restart": "Restart containers",
    "rm": "Remove stopped containers",
    "run": "Run a command in a new container of a service",
    "start": "Start containers that exist",
    "stop": "Stop containers",
    "top": "Show the running processes",
    "unpause": "Unpause services",
    "up": "Create and start all, in the order of their dependencies",
    "version": "Show the version",
}
ABSENT: Final = {
    "attach": "use logs -f, or exec", "bridge": "", "commit": "use hythe commit CONTAINER",
    "export": "use hythe export CONTAINER", "publish": "",
    "scale": "use up -d --no-recreate --scale SERVICE=N", "stats": "use hythe stats",
    "volumes": "use hythe volume ls", "wait": "use hythe wait CONTAINER", "watch": "use up --build",
}  # fmt: skip
