"""`hythe compose`: global flags, finding the command, reporting what went wrong.

Exit codes are those of docker compose: 14 no Compose file, 15 a mistake in it, 16 a mistake in the flags, 1
otherwise, 130 after Ctrl-C; `up --exit-code-from`, `run` and `exec` give that of the container.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hythe.compose.arguments import ABSENT, COMMANDS, Declare, Declared, Parser, UsageProblem
from hythe.errors import CannotStart, HytheError, SyntaxProblem, Unsupported

if TYPE_CHECKING:
    from hythe.client import Client
    from hythe.compose.session import Flags


def main(argv: list[str], connect: Callable[[], Client]) -> int:
    """Run one command; gives its exit code. An error is printed once, without a traceback.

    `connect` gives the client, and is called only by commands that need the daemon.
    """
    try:
        return _dispatch(argv, connect)
    except SystemExit as done:  # argparse, after --help
        return int(done.code or 0)
    except KeyboardInterrupt:
        return 130
    except HytheError as error:
        return _report(error)


def _dispatch(argv: list[str], connect: Callable[[], Client]) -> int:
    parser = _parser()
    options, rest = parser.parse_known_args(_leading(argv, parser))
    name, *arguments = [*rest, *argv[len(_leading(argv, parser)) :]] or ["--help"]
    if name in ("-h", "--help", "help"):
        print(_help())
        return 0
    if options.show_version or name == "version":
        name, arguments = "version", arguments if name == "version" else []
    if name.startswith("-"):
        raise UsageProblem(f"unknown flag: {name}", hint="see hythe compose --help")
    if name in ABSENT:
        raise Unsupported(f"hythe compose {name} is not supported yet", hint=ABSENT[name] or None)
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {near[0]!r}?" if near else "see hythe compose --help"
        raise UsageProblem(f"{name!r} is not a command of hythe compose", hint=hint)
    return _run(name, options, arguments, connect)


def _run(name: str, options: object, arguments: list[str], connect: Callable[[], Client]) -> int:
    from hythe.compose.session import Session

    module = importlib.import_module(f"hythe.compose.commands.{name}")
    return int(module.main(Session(_flags(options), connect), arguments))


def flags_of(command: str | None) -> list[tuple[str, str]]:
    """The flags of a command, or those before all commands, and what they do; for completions."""
    parser = _parser()
    if command is not None and command != "version":
        try:
            _run(command, parser.parse_args([]), [Declare()], _nobody)
        except Declared as declared:
            parser = declared.parser
    actions = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    return [
        (name, action.help or "") for action in actions for name in action.option_strings if name[:2] == "--"
    ]


def _nobody() -> Client:
    raise AssertionError("flags are declared before the daemon is asked")


def _parser() -> Parser:
    parser = Parser("", "[OPTIONS] COMMAND", "Run an application of several services from one file.")
    parser.many("-f", "--file", metavar="FILE", help="Compose file; several are merged")
    parser.text("-p", "--project-name", metavar="NAME", help="name of the project")
    parser.many("--env-file", metavar="FILE", help="variables, instead of .env")
    parser.many("--profile", metavar="NAME", help="activate the services of a profile")
    parser.text("--project-directory", metavar="DIR", help="where relative paths begin")
    parser.text("--progress", metavar="HOW", default="auto", help="auto, tty, plain, json, quiet")
    parser.text("--ansi", metavar="WHEN", default="auto", help="never, always, auto")
    parser.add_argument("-v", "--version", dest="show_version", action="store_true", help="the version")
    parser.flag("--compatibility", help="accepted")
    parser.refuse("--dry-run")
    parser.refuse("--all-resources")
    parser.add_argument("--parallel", type=int, help="accepted")
    return parser


def _leading(argv: list[str], parser: Parser) -> list[str]:
    """The flags before the command's name."""
    switches = {name for action in parser._actions if action.nargs == 0 for name in action.option_strings}
    end = 0
    while end < len(argv) and argv[end].startswith("-") and argv[end] not in ("-h", "--help"):
        joined = "=" in argv[end] or (not argv[end].startswith("--") and len(argv[end]) > 2)
        end += 1 if argv[end] in switches or joined else 2
    return argv[:end]


def _flags(options: object) -> Flags:
    from hythe.compose.files import Options
    from hythe.compose.session import Flags

    given = vars(options)
    if given["progress"] not in ("auto", "tty", "plain", "json", "quiet"):
        raise UsageProblem(
            f"invalid --progress {given['progress']!r}", hint="auto, tty, plain, json or quiet"
        )
    if given["ansi"] not in ("auto", "never", "always"):
        raise UsageProblem(f"invalid --ansi {given['ansi']!r}", hint="use never, always or auto")
    return Flags(
        Options(
            files=given["file"],
            project_name=given["project_name"],
            project_directory=given["project_directory"],
            env_files=given["env_file"],
            profiles=given["profile"],
            environ=dict(os.environ),
            folder=str(Path.cwd()),
        ),
        progress=given["progress"],
        ansi=given["ansi"],
    )


def _help() -> str:
    lines = [_parser().format_help().rstrip(), "", "commands:"]
    return "\n".join([*lines, *(f"  {name:<10}{summary}" for name, summary in COMMANDS.items())])


def _report(error: HytheError) -> int:
    if os.environ.get("HYTHE_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    sys.stdout.flush()
    text = f"hythe compose: {error.message.rstrip()}"
    sys.stderr.write(text + (f"\n       {error.hint}\n" if error.hint else "\n"))
    if isinstance(error, CannotStart):
        return error.exit_code
    if isinstance(error, UsageProblem):
        return 16
    if isinstance(error, SyntaxProblem):
        return 15
    from hythe.compose.files import NoComposeFile

    return 14 if isinstance(error, NoComposeFile) else 1
