"""What can stand at the cursor: global flags, commands, a command's flags and their values, its arguments.

The command line is read as the parsers would read it, up to the last word, which is the unfinished one. Which kind of
thing an argument or a flag's value is, its metavar says ("CONTAINER", "FILE"); `values` knows what there is of each.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from hythe.cli.commands import ALIASES, SUBCOMMANDS, top_level
from hythe.cli.completion import values
from hythe.cli.completion.values import Candidates
from hythe.cli.declared import parser_of
from hythe.cli.globals import FLAGS, SWITCHES, VALUES

_NONE: Final[Candidates] = []


class Answer(NamedTuple):
    """Candidates with what they are; `then`: files, directories, or nospace, for the shell to do."""

    candidates: Candidates
    then: str = ""


def complete(words: Sequence[str]) -> Answer:
    """`words` follow the program's name; the last is completed, and may be empty."""
    *before, word = words
    choice, rest, pending = _globals(before)
    if pending:
        return _matching(values.of(VALUES[pending][1], word, choice, ()), word)
    if not rest:
        return _matching(Answer(list(FLAGS) if word.startswith("-") else _commands()), word)
    if rest[0] == "help":
        return _matching(Answer(_commands()), word)
    if rest[0] == "compose":
        return _matching(Answer(_compose(rest[1:], word)), word)
    path: tuple[str, ...] = (rest[0],)
    if rest[0] in SUBCOMMANDS:
        if len(rest) == 1:
            return _matching(Answer(_verbs(rest[0])), word)
        path = (rest[0], ALIASES.get((rest[0], rest[1]), rest[1]))
    parser = parser_of(path)
    if parser is None:
        return Answer(_NONE)
    return _matching(_Line(parser, path, choice).at(rest[len(path) :], word), word)


class _Line:
    """One command's words."""

    def __init__(self, parser: Any, path: tuple[str, ...], choice: dict[str, Any]) -> None:
        self._path, self._choice = path, choice
        self._flags: dict[str, argparse.Action] = parser._option_string_actions
        self._places: list[argparse.Action] = parser.positionals()

    def at(self, before: Sequence[str], word: str) -> Answer:
        pending, arguments, only_arguments = self._read(before)
        if pending is not None:
            return self._value(pending, word)
        if self._in_program(arguments):
            return Answer(_NONE, "files")
        if word.startswith("--") and "=" in word and not only_arguments:
            return self._joined(word)
        if word.startswith("-") and not only_arguments:
            return Answer(self._names())
        return self._argument(arguments, word)

    def _read(self, before: Sequence[str]) -> tuple[argparse.Action | None, list[str], bool]:
        """(the flag whose value is at the cursor, the arguments before it, whether "--" was seen)"""
        arguments: list[str] = []
        rest = list(before)
        while rest:
            word = rest.pop(0)
            if word == "--":
                return None, [*arguments, *rest], True
            if not word.startswith("-") or len(word) == 1 or self._in_program(arguments):
                arguments.append(word)
                continue
            action = self._valued(word)
            if action is None:
                continue
            if not rest:
                return action, arguments, False
            rest.pop(0)
        return None, arguments, False

    def _valued(self, word: str) -> argparse.Action | None:
        """The flag of this word that takes the next word as its value: --name, or the last of -ite."""
        if word.startswith("--"):
            action = self._flags.get(word)
            return action if action is not None and action.nargs != 0 else None
        for position, letter in enumerate(word[1:], 1):
            action = self._flags.get(f"-{letter}")
            if action is not None and action.nargs != 0:
                return action if position == len(word) - 1 else None
        return None

    def _in_program(self, arguments: Sequence[str]) -> bool:
        """After the first argument of run and exec, everything belongs to the program."""
        return bool(arguments) and any(place.nargs == argparse.REMAINDER for place in self._places)

    def _names(self) -> Candidates:
        shown = [(name, action) for name, action in self._flags.items() if action.help != argparse.SUPPRESS]
        return [(name, action.help or "") for name, action in shown if name.startswith("--")]

    def _joined(self, word: str) -> Answer:
        name, _, start = word.partition("=")
        action = self._flags.get(name)
        if action is None or action.nargs == 0:
            return Answer(_NONE)
        found = self._value(action, start)
        return Answer([(f"{name}={text}", about) for text, about in found.candidates], found.then)

    def _value(self, action: argparse.Action, word: str) -> Answer:
        return values.of(values.kind(self._path, action), word, self._choice, self._path)

    def _argument(self, arguments: Sequence[str], word: str) -> Answer:
        if not self._places:
            return Answer(_NONE)
        place = self._places[min(len(arguments), len(self._places) - 1)]
        if len(arguments) >= len(self._places) and place.nargs not in ("+", "*"):
            return Answer(_NONE)
        found = values.of(values.kind(self._path, place), word, self._choice, self._path)
        return Answer([each for each in found.candidates if each[0] not in arguments], found.then)


def _globals(before: Sequence[str]) -> tuple[dict[str, Any], list[str], str]:
    """(what they say, the words after them, the global flag whose value is at the cursor)"""
    choice: dict[str, Any] = {}
    rest = list(before)
    while rest and rest[0].startswith("-"):
        flag, equals, value = rest.pop(0).partition("=")
        if flag in SWITCHES:
            choice |= {SWITCHES[flag]: True} if SWITCHES[flag] else {}
        elif flag in VALUES:
            if not equals and not rest:
                return choice, [], flag
            choice[VALUES[flag][0]] = value if equals else rest.pop(0)
    choice.pop("log", None)
    return choice, rest, ""


def _commands() -> Candidates:
    return [(name, command.summary) for name, command in top_level().items()]


def _verbs(noun: str) -> Candidates:
    return [(name, command.summary) for name, command in SUBCOMMANDS[noun].items()]


def _compose(before: Sequence[str], word: str) -> Candidates:
    from hythe.compose.arguments import COMMANDS
    from hythe.compose.cli import flags_of

    command = next((each for each in before if each in COMMANDS), None)
    if word.startswith("-"):
        return flags_of(command)
    return [] if command else list(COMMANDS.items())


def _matching(found: Answer | Iterable[tuple[str, str]], word: str) -> Answer:
    answer = found if isinstance(found, Answer) else Answer(list(found))
    return Answer([each for each in answer.candidates if each[0].startswith(word)], answer.then)
