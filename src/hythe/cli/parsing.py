"""Flags as docker's users write them, on top of argparse.

What differs from argparse alone: an error is raised, not printed with the usage, and says as docker does whether
a flag is unknown or the arguments are too few or too many; a boolean flag may be written --flag=false; and after
`program` everything from the second argument on belongs to the program that is to be run. Flags that the engine
cannot carry are declared with `refuse` and refused by name, those that change nothing here with `accept`.

A session that is `declaring` wants the parser, not what comes of it: `Declared` carries it out (`cli/declared.py`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn, TypeVar

from hythe.cli.failure import UsageProblem, WrongCount
from hythe.cli.session import Session
from hythe.errors import Unsupported

_TRUE: Final = ("1", "t", "true", "yes")
_FALSE: Final = ("0", "f", "false", "no")
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
        self._after_first: str | None = None
        self._declaring = session.declaring
        self._said: dict[str, bool] = {}

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
        self._after_first = dest

    def read(self, argv: Sequence[str], into: T) -> T:
        """Parse into an object that has the defaults as attributes."""
        if self._declaring:
            raise Declared(self)
        _, extra = self.parse_known_args(self._booleans(argv), into)
        if extra:
            raise self._unexpected(extra[0])
        for dest, value in self._said.items():
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

    def _unexpected(self, word: str) -> UsageProblem:
        if word.startswith("--"):
            return UsageProblem(f"unknown flag: {word.partition('=')[0]}", hint=f"see {self.prog} --help")
        if word.startswith("-") and len(word) > 1:
            return UsageProblem(
                f"unknown shorthand flag: {word[1]!r} in {word}", hint=f"see {self.prog} --help"
            )
        return self._count()

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

    def _booleans(self, argv: Sequence[str]) -> list[str]:
        """--flag=true and --flag=false taken out and kept, before the program to be run begins."""
        switches = {
            name: action for action in self._actions if action.nargs == 0 for name in action.option_strings
        }
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
            if word.startswith("-") and len(word) > 1 and not self._known(word, switches, valued):
                raise self._unexpected(word)
            if equals and name in switches:
                self._say(name, value, switches[name], result)
                continue
            if name in switches:
                self._said.pop(switches[name].dest, None)
            result.append(word)
            if rest and not equals and self._takes_next(word, switches, valued):
                following = rest.pop(0)
                if following.startswith("-"):  # joined, or argparse would take the value for a flag
                    result[-1] = f"{word}={following}" if word.startswith("--") else word + following
                else:
                    result.append(following)
        return result

    def _say(self, name: str, value: str, action: argparse.Action, result: list[str]) -> None:
        if value.lower() not in (*_TRUE, *_FALSE):
            self.error(f"invalid value {value!r} for {name}: write true or false")
        wanted = value.lower() in _TRUE
        if isinstance(action, Refuse):
            result += [name] if wanted else []
        else:
            self._said[action.dest] = wanted

    @staticmethod
    def _known(word: str, switches: Iterable[str], valued: Iterable[str]) -> bool:
        """Is it a flag, a flag with its value, or several letters in one word?"""
        name = word.partition("=")[0]
        if word.startswith("--") or name in switches:
            return name in switches or name in valued
        for letter in word[1:]:
            if f"-{letter}" in valued:
                return True
            if f"-{letter}" not in switches:
                return False
        return True

    @staticmethod
    def _takes_next(word: str, switches: Iterable[str], valued: Iterable[str]) -> bool:
        """Is the next word this flag's value? -dit is three switches; -itp ends with a flag with a value."""
        if word in valued:
            return True
        if word.startswith("--") or not word.startswith("-") or len(word) < 3:
            return False
        letters = [f"-{letter}" for letter in word[1:]]
        return all(letter in switches for letter in letters[:-1]) and letters[-1] in valued


class _Formatter(argparse.HelpFormatter):
    """Has a width that is known: argparse makes one for every flag, and finding the width out imports shutil."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


class Refuse(argparse.Action):
    """A flag that is known and refused."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, option: str | None = None
    ) -> None:
        raise Unsupported(
            f"{option} is not supported by hythe yet", hint=self.const or f"see {parser.prog} --help"
        )


class Accept(argparse.Action):
    """A flag that is known and changes nothing."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, option: str | None = None
    ) -> None:
        setattr(namespace, self.dest, values or True)


def filters(texts: Sequence[str]) -> dict[str, list[str]]:
    """--filter name=value, several times -> the API's filters."""
    result: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageProblem(f"invalid filter {text!r}", hint="write name=value, such as status=running")
        result.setdefault(name.strip(), []).append(value.strip())
    return result
