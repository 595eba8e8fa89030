"""Flags as docker's users write them, on top of argparse.

Three things differ from argparse alone: an error is raised, not printed with the usage; a boolean flag may be
written --flag=true; and with `command=True` everything after the first argument belongs to the program that
is to be run. Flags that the engine cannot carry are declared with `refuse` and refused by name.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn, TypeVar

from hythe.cli.failure import UsageProblem
from hythe.cli.session import Session
from hythe.errors import Unsupported

_TRUE: Final = ("1", "t", "true", "yes")
_FALSE: Final = ("0", "f", "false", "no")
T = TypeVar("T")


class Parser(argparse.ArgumentParser):
    """A parser for one command. `synopsis` is what stands after its name in the usage line."""

    def __init__(self, session: Session, name: str, synopsis: str, summary: str) -> None:
        path = f"hythe {session.prefix}{name}"
        super().__init__(
            prog=path, usage=f"{path} {synopsis}".rstrip(), description=summary, allow_abbrev=False,
            add_help=False, formatter_class=_Formatter,
        )  # fmt: skip
        self.add_argument("--help", action="help", help="show this")
        self._after_first: str | None = None

    def flag(self, *names: str, help: str = "") -> None:
        self.add_argument(*names, action="store_true", help=help)

    def text(self, *names: str, metavar: str = "TEXT", help: str = "", default: str | None = None) -> None:
        self.add_argument(*names, metavar=metavar, help=help, default=default)

    def number(self, *names: str, metavar: str = "N", help: str = "", default: int | None = None) -> None:
        self.add_argument(*names, metavar=metavar, help=help, default=default, type=int)

    def many(self, *names: str, metavar: str = "TEXT", help: str = "") -> None:
        self.add_argument(*names, metavar=metavar, help=help, action="append", default=[])

    def refuse(self, *names: str, value: bool = True, why: str = "") -> None:
        """Know a flag of docker's only to say that hythe has no such thing."""
        self.add_argument(
            *names, action=_Refuse, nargs=None if value else 0, const=why, help=argparse.SUPPRESS
        )

    def program(self, dest: str) -> None:
        """The rest of the arguments, flags included, from the second positional argument on."""
        self.add_argument(dest, nargs=argparse.REMAINDER)
        self._after_first = dest

    def read(self, argv: Sequence[str], into: T) -> T:
        """Parse into an object that has the defaults as attributes."""
        self.parse_args(self._booleans(argv), into)
        return into

    def options(self, argv: Sequence[str]) -> Any:
        """Parse into a plain object."""
        return self.parse_args(self._booleans(argv))

    def error(self, message: str) -> NoReturn:
        raise UsageProblem(f"{self.prog}: {message}", hint=f"see {self.prog} --help")

    def _booleans(self, argv: Sequence[str]) -> list[str]:
        """--flag=true -> --flag, --flag=false -> nothing, before the program to be run begins."""
        switches = {name for action in self._actions if action.nargs == 0 for name in action.option_strings}
        valued = {name for action in self._actions if action.nargs != 0 for name in action.option_strings}
        result: list[str] = []
        rest = list(argv)
        while rest:
            word = rest.pop(0)
            name, equals, value = word.partition("=")
            if self._after_first is not None and (word == "--" or not word.startswith("-")):
                return [*result, *([] if word == "--" else [word]), *rest]
            if word == "--":
                return [*result, word, *rest]
            if equals and name in switches:
                if value.lower() in _TRUE:
                    result.append(name)
                elif value.lower() not in _FALSE:
                    self.error(f"invalid value {value!r} for {name}: write true or false")
                continue
            result.append(word)
            if rest and not equals and self._takes_next(word, switches, valued):
                following = rest.pop(0)
                if following.startswith("-"):  # joined, or argparse would take the value for a flag
                    result[-1] = f"{word}={following}" if word.startswith("--") else word + following
                else:
                    result.append(following)
        return result

    @staticmethod
    def _takes_next(word: str, switches: Iterable[str], valued: Iterable[str]) -> bool:
        """Is the next word this flag's value? -dit is three switches; -itp ends with a flag with a value."""
        if word in valued:
            return True
        if word.startswith("--") or not word.startswith("-") or len(word) < 3:
            return False
        letters = [f"-{letter}" for letter in word[1:]]
        return all(letter in switches for letter in letters[:-1]) and letters[-1] in valued


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """With a width that is known: finding it out imports shutil, for every flag of every command."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34, width=int(os.environ.get("COLUMNS") or 100))


class _Refuse(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, option: str | None = None
    ) -> None:
        raise Unsupported(
            f"{option} is not supported by hythe yet", hint=self.const or f"see {parser.prog} --help"
        )


def filters(texts: Sequence[str]) -> dict[str, list[str]]:
    """--filter name=value, several times -> the API's filters."""
    result: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageProblem(f"invalid filter {text!r}", hint="write name=value, such as status=running")
        result.setdefault(name.strip(), []).append(value.strip())
    return result
