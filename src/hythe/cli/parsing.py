"""Flags as docker's users write them, on top of argparse.

What differs from argparse alone: an error is raised, not printed with the usage, and says as docker does whether
a flag is unknown or the arguments are too few or too many; after `program` everything from the second argument on
belongs to the program that is to be run; and flags are spelled as docker takes them (`spelling`). Flags that the
engine cannot carry are declared with `refuse` and refused by name, those that change nothing here with `accept`.

A session that is `declaring` wants the parser, not what comes of it: `Declared` carries it out (`cli/declared.py`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from hythe.cli.failure import UsageProblem, WrongCount
from hythe.cli.session import Session
from hythe.cli.spelling import Accept, Refuse, Spelling

T = TypeVar("T")


class Declared(Exception):
    """A command has declared its flags to a session that asked for nothing else."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self.parser = parser


class Parser(argparse.ArgumentParser):
    """A parser for one command. `synopsis` is what stands after its name in the usage line."""

    def __init__(self, session: Session, name: str, synopsis: str, summary: str) -> None:
        path = f"hythe {session.prefix}{name}"
        super().__init__(
            prog=path, usage=f"{path} {synopsis}".rstrip(), description=summary, allow_abbrev=False,
            add_help=False, formatter_class=_Formatter,
        )  # fmt: skip
        self.add_argument("--help", action="help", help="show this")
        self._program = False
        self._declaring = session.declaring

    def flag(self, *names: str, help: str = "", default: bool = False) -> None:
        self.add_argument(*names, action="store_true", help=help, default=default)

    def text(self, *names: str, metavar: str = "TEXT", help: str = "", default: str | None = None) -> None:
        self.add_argument(*names, metavar=metavar, help=help, default=default)

    def number(self, *names: str, metavar: str = "N", help: str = "", default: int | None = None) -> None:
        self.add_argument(*names, metavar=metavar, help=help, default=default, type=int)

    def many(self, *names: str, metavar: str = "TEXT", help: str = "") -> None:
        self.add_argument(*names, metavar=metavar, help=help, action="append", default=[])

    def refuse(self, *names: str, value: bool = True, why: str = "") -> None:
        """Know a flag of docker's only to say that hythe has no such thing."""
        self.add_argument(
            *names, action=Refuse, nargs=None if value else 0, const=why, help=argparse.SUPPRESS
        )

    def accept(self, *names: str, value: bool = True, why: str) -> None:
        """Take a flag of docker's that chooses between things of which hythe has one."""
        self.add_argument(
            *names, action=Accept, nargs=None if value else 0, help=f"accepted: {why}",
            metavar="TEXT" if value else None,
        )  # fmt: skip

    def program(self, dest: str) -> None:
        """The rest of the arguments, flags included, from the second positional argument on."""
        self.add_argument(dest, nargs=argparse.REMAINDER)
        self._program = True

    def read(self, argv: Sequence[str], into: T) -> T:
        """Parse into an object that has the defaults as attributes."""
        if self._declaring:
            raise Declared(self)
        spelling = Spelling(self._actions, self._program, hint=f"see {self.prog} --help")
        words = spelling.words(argv)
        if self.parse_known_args(words, into)[1]:
            raise self._count()
        for dest, value in spelling.said.items():
            setattr(into, dest, value)
        return into

    def options(self, argv: Sequence[str]) -> Any:
        """Parse into a plain object."""
        return self.read(argv, argparse.Namespace())

    def format_help(self) -> str:
        from hythe.cli import helptext

        name = self.prog.removeprefix("hythe ")
        return helptext.command(name, str(self.usage), str(self.description), self._actions)

    def error(self, message: str) -> NoReturn:
        if message.startswith("the following arguments are required"):
            raise self._count()
        raise UsageProblem(message.removeprefix("argument "), hint=f"see {self.prog} --help")

    def positionals(self) -> list[argparse.Action]:
        """The arguments that are no flags, in their order."""
        return [action for action in self._actions if not action.option_strings]

    def _count(self) -> WrongCount:
        """In docker's words."""
        places = self.positionals()
        least = sum(place.nargs in (None, "+") for place in places)
        open_ended = any(place.nargs in ("+", "*", argparse.REMAINDER) for place in places)
        most = len(places)
        if not places:
            how = "accepts no arguments"
        elif open_ended or least == most:
            how = f"requires {'at least ' if open_ended else ''}{least} argument{'s' if least > 1 else ''}"
        elif least:
            how = f"requires at least {least} and at most {most} arguments"
        else:
            how = f"requires at most {most} argument{'s' if most > 1 else ''}"
        usage = " ".join(str(self.usage).splitlines()[0].split())
        return WrongCount(f"'{self.prog}' {how}", hint=f"usage: {usage}")


class _Formatter(argparse.HelpFormatter):
    """Has a width that is known: argparse makes one for every flag, and finding the width out imports shutil."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


def filters(texts: Sequence[str]) -> dict[str, list[str]]:
    """--filter name=value, several times -> the API's filters."""
    result: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageProblem(f"invalid filter {text!r}", hint="write name=value, such as status=running")
        result.setdefault(name.strip(), []).append(value.strip())
    return result
