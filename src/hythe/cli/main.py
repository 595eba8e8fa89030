"""Where the command line begins: global flags, finding the command, reporting what went wrong."""

from __future__ import annotations

import os
import sys

from hythe.cli import failure
from hythe.cli.commands import ALIASES, SUBCOMMANDS, Command, load, top_level
from hythe.cli.globals import LEVELS, SWITCHES, VALUES
from hythe.cli.session import Session
from hythe.errors import HytheError, InvalidArgument, SystemProblem, Unsupported


def main(argv: list[str]) -> int:
    """Run one command; gives its exit code. An error is printed once, without a traceback."""
    session = Session()
    try:
        code = _dispatch(session, argv)
        session.flush()
        return code
    except BrokenPipeError:
        _abandon_output()
        return 141
    except KeyboardInterrupt:
        return 130
    except HytheError as error:
        return failure.report(error)
    except OSError as error:
        _abandon_output()
        return failure.report(
            SystemProblem(f"{error.filename or 'input or output'}: {error.strerror or error}")
        )
    except Exception as error:  # noqa: BLE001 - the last line of defence: one sentence instead of a traceback
        return failure.report_unexpected(error)
    finally:
        session.close()


def _abandon_output() -> None:
    """What is still buffered cannot be written; without this the interpreter would say so at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(session: Session, argv: list[str]) -> int:
    rest = _global_flags(session, argv)
    if not rest or rest[0] in ("-h", "--help", "help"):
        return _help(rest[1:] if rest else [])
    if rest[0] in ("-v", "--version"):
        from hythe import __version__

        session.out(f"hythe {__version__}")
        return 0
    name, arguments = rest[0], rest[1:]
    if name == "__complete":
        from hythe.cli.completion import script

        return script.answer(arguments)
    commands = top_level()
    if name not in commands:
        raise _unknown(f"hythe {name}", name, list(commands), "hythe --help")
    if name in SUBCOMMANDS:
        return _noun(session, name, arguments)
    return _run(session, commands[name], arguments)


def _noun(session: Session, noun: str, argv: list[str]) -> int:
    from hythe.cli import helptext

    commands = SUBCOMMANDS[noun]
    if not argv or argv[0] in ("-h", "--help"):
        session.out(helptext.noun(noun, commands))
        return 0
    verb = ALIASES.get((noun, argv[0]), argv[0])
    if verb not in commands:
        raise _unknown(f"hythe {noun} {verb}", verb, list(commands), f"hythe {noun} --help")
    session.prefix = f"{noun} "
    return _run(session, commands[verb], argv[1:])


def _run(session: Session, command: Command, argv: list[str]) -> int:
    target = load(command)
    if command.place.startswith("hythe.daemon."):
        return int(target(argv))
    if command.place.startswith("hythe.compose."):
        return int(target(argv, lambda: session.client))
    return int(target(session, argv))


def _global_flags(session: Session, argv: list[str]) -> list[str]:
    """Take -H, -D and the like off the front."""
    rest = list(argv)
    while rest and rest[0].startswith("-"):
        flag, equals, value = rest[0].partition("=")
        if flag in ("-h", "--help", "-v", "--version"):
            return rest
        if flag in SWITCHES:
            _switch(session, flag, value.lower() not in ("false", "0"))
        elif flag in VALUES:
            if not equals:
                if len(rest) < 2:
                    raise failure.UsageProblem(f"{flag} needs a value", hint="see hythe --help")
                value = rest.pop(1)
            _value(session, flag, value)
        else:
            raise failure.UsageProblem(f"unknown flag: {flag}", hint="see hythe --help")
        rest.pop(0)
    return rest


def _switch(session: Session, flag: str, wanted: bool) -> None:
    if flag in ("-D", "--debug"):
        os.environ["HYTHE_DEBUG"] = "1" if wanted else "0"
    else:
        session.choice[SWITCHES[flag]] = wanted


def _value(session: Session, flag: str, value: str) -> None:
    field, _ = VALUES[flag]
    if field == "log":
        if value not in LEVELS:
            raise InvalidArgument(f"invalid log level {value!r}", hint=f"use one of {', '.join(LEVELS)}")
        os.environ["HYTHE_DEBUG"] = "1" if value == "debug" else os.environ.get("HYTHE_DEBUG", "0")
    else:
        session.choice[field] = value
    if field == "config":  # where credentials are, too, and for helpers that are called
        os.environ["DOCKER_CONFIG"] = value
    if field in ("ca", "cert", "key"):
        session.choice["tls"] = True


def _help(argv: list[str]) -> int:
    from hythe.cli import helptext

    if argv and argv[0] in top_level():
        return main([*argv, "--help"])
    print(helptext.overview())
    return 0


def _unknown(what: str, word: str, known: list[str], fallback: str) -> HytheError:
    import difflib

    from hythe.cli.coverage.compare import outside

    if why := outside(tuple(what.split()[1:])):
        return Unsupported(f"{what} is not supported: {why}", hint="docs/cli.md lists what there is")
    near = difflib.get_close_matches(word, known, 1)
    hint = f"did you mean {near[0]!r}? all commands: {fallback}" if near else f"all commands: {fallback}"
    return InvalidArgument(f"{what!r} is not a command", hint=hint)
