"""`hythe completion SHELL` prints the script to be sourced; `hythe __complete SHELL WORDS...` is what it calls.

The scripts know nothing of commands and flags: all that is found out from the parsers when a key is pressed, so a
completion is never older than the program.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Final

from hythe.cli.completion.engine import Answer, complete
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import InvalidArgument

SHELLS: Final = ("bash", "zsh", "fish")


def completion(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "completion", "bash|zsh|fish", "Print a script with completions for a shell.")
    parser.add_argument("shell", metavar="SHELL")
    options = parser.options(argv)
    if options.shell not in SHELLS:
        raise InvalidArgument(
            f"there are no completions for {options.shell!r}", hint=f"for {', '.join(SHELLS)}"
        )
    from importlib.resources import files

    session.out(
        files("hythe.cli.completion").joinpath(f"hythe.{options.shell}").read_text("utf-8").rstrip("\n")
    )
    return 0


def answer(argv: list[str]) -> int:
    """For the scripts: a candidate a line, and ":files" or the like where the shell has to do something else."""
    shell, *words = argv or [""]
    if shell == "bash":
        words = _words(words[0] if words else "")
    found = complete(words or [""])
    write = _WRITERS.get(shell)
    if write is not None:
        print("\n".join([*write(found, (words or [""])[-1]), *([f":{found.then}"] if found.then else [])]))
    return 0


def _words(line: str) -> list[str]:
    """The words of a command line up to the cursor, without the program's name. The last may be unfinished."""
    for closing in ("", '"', "'"):
        try:
            words = shlex.split(line + closing)
        except ValueError:
            continue
        return [*words[1:], *([""] if line[-1:].isspace() and not closing else [])]
    return [""]


def _bash(found: Answer, word: str) -> list[str]:
    """bash takes ":" and "=" for the ends of words: what stands before the last of them is there already."""
    start = max(word.rfind(":"), word.rfind("=")) + 1
    return [text[start:] for text, _ in found.candidates]


def _zsh(found: Answer, _word: str) -> list[str]:
    escape = str.maketrans({":": "\\:", "\\": "\\\\"})
    return [f"{text.translate(escape)}:{about}" for text, about in found.candidates]


def _fish(found: Answer, _word: str) -> list[str]:
    return [f"{text}\t{about}" for text, about in found.candidates]


_WRITERS: Final[dict[str, Callable[[Answer, str], list[str]]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
