"""The ways in which docker's flags may be written, made into those that argparse takes.

A boolean flag may be written --flag=false, and the last of several counts; a value may begin with a dash; the words of
a program that is to be run are left alone. A flag that there is not is found here, before argparse asks for arguments.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Final

from hythe.cli.failure import UsageProblem
from hythe.errors import Unsupported

_TRUE: Final = ("1", "t", "true", "yes")
_FALSE: Final = ("0", "f", "false", "no")


class Spelling:
    """For one command's flags. `program`: everything from the first argument on belongs to a program."""

    def __init__(self, actions: Iterable[argparse.Action], program: bool, *, hint: str) -> None:
        flags = [(name, action) for action in actions for name in action.option_strings]
        self._switches = {name: action for name, action in flags if action.nargs == 0}
        self._valued = {name for name, action in flags if action.nargs != 0}
        self._program, self._hint = program, hint
        #: What was said with --flag=true or --flag=false, by destination.
        self.said: dict[str, bool] = {}

    def words(self, argv: Sequence[str]) -> list[str]:
        """What argparse is to read. Raises UsageProblem for an unknown flag."""
        result: list[str] = []
        rest = list(argv)
        while rest:
            word = rest.pop(0)
            if word == "--" or not word.startswith("-") or len(word) == 1:
                if self._program:
                    return [*result, *([] if word == "--" else [word]), *rest]
                if word == "--":
                    return [*result, word, *rest]
                result.append(word)
            else:
                self._flag(word, rest, result)
        return result

    def _flag(self, word: str, rest: list[str], result: list[str]) -> None:
        name, equals, value = word.partition("=")
        if not self._known(word):
            raise self._unknown(word)
        if name in self._switches:
            if equals:
                self._say(name, value, result)
                return
            self.said.pop(self._switches[name].dest, None)
        result.append(word)
        if rest and not equals and self._takes_next(word):
            following = rest.pop(0)
            if following.startswith("-"):  # joined, or argparse would take the value for a flag
                result[-1] = f"{word}={following}" if word.startswith("--") else word + following
            else:
                result.append(following)

    def _say(self, name: str, value: str, result: list[str]) -> None:
        if value.lower() not in (*_TRUE, *_FALSE):
            raise UsageProblem(f"invalid value {value!r} for {name}", hint="write true or false")
        wanted = value.lower() in _TRUE
        if isinstance(self._switches[name], Refuse):
            result += [name] if wanted else []
        else:
            self.said[self._switches[name].dest] = wanted

    def _known(self, word: str) -> bool:
        """Is it a flag, a flag with its value, or several letters in one word?"""
        name = word.partition("=")[0]
        if word.startswith("--") or name in self._switches:
            return name in self._switches or name in self._valued
        for letter in word[1:]:
            if f"-{letter}" in self._valued:
                return True
            if f"-{letter}" not in self._switches:
                return False
        return True

    def _unknown(self, word: str) -> UsageProblem:
        if word.startswith("--"):
            return UsageProblem(f"unknown flag: {word.partition('=')[0]}", hint=self._hint)
        letter = next(each for each in word[1:] if f"-{each}" not in self._switches)
        return UsageProblem(f"unknown shorthand flag: {letter!r} in {word}", hint=self._hint)

    def _takes_next(self, word: str) -> bool:
        """Is the next word this flag's value? -dit is three switches; -itp ends with a flag with a value."""
        if word in self._valued:
            return True
        if word.startswith("--") or len(word) < 3:
            return False
        letters = [f"-{letter}" for letter in word[1:]]
        return all(letter in self._switches for letter in letters[:-1]) and letters[-1] in self._valued


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
