"""Errors as a person sees them, and the exit codes that they end with.

The table of codes is docker's: 125 the command line or the daemon refused, 126 the program cannot be run,
127 it was not found, 1 otherwise. `run`, `create` and the like ask for 125 with `Refused`.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from hythe.errors import CannotStart, HytheError, InvalidArgument


class UsageProblem(InvalidArgument):
    """The flags or arguments of a command are not as it takes them."""

    code = 125


class WrongCount(UsageProblem):
    """Too few arguments, or too many; docker ends with 1 for that, and with 125 for a wrong flag."""

    code = 1


class BadTemplate(UsageProblem):
    """What `inspect` is given as its --format cannot be read."""

    code = 64


class Reported(HytheError):
    """Carries an exit code out of a command whose error was printed, or that needs no words."""

    def __init__(self, code: int) -> None:
        super().__init__("")
        self.code = code


def report(error: HytheError, otherwise: int = 1) -> int:
    """Print `error` on standard error, once; gives the exit code, `otherwise` where no rule has one."""
    if isinstance(error, Reported):
        return error.code
    _trace(error)
    message = error.message.rstrip()
    _print(f"hythe: {message}" + (f"\n       {error.hint}" if error.hint else ""))
    if isinstance(error, CannotStart):
        return error.exit_code
    return error.code if isinstance(error, UsageProblem) else otherwise


def report_unexpected(error: Exception) -> int:
    """An error that no layer foresaw: one line, and how to see more."""
    _trace(error)
    kind = type(error).__name__
    _print(f"hythe: unexpected {kind}: {error}\n       this is a fault in hythe; see it with HYTHE_DEBUG=1")
    return 70


def _trace(error: Exception) -> None:
    if os.environ.get("HYTHE_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)


def _print(text: str) -> None:
    with suppress(OSError):  # an output that cannot be written must not hide the error
        sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
