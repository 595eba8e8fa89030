"""Environment variables and labels: -e, --env-file, -l, --label-file.

"NAME=value" sets, "NAME" takes the value of the caller's own environment and is left out when there is none.
An env file has one of these a line, "#" begins a comment at the start of a line, and nothing is unquoted:
that is docker's format, not the shell's. (Compose's .env files have their own grammar, in compose/.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hythe.errors import InvalidArgument, SyntaxProblem, SystemProblem


def environment(pairs: Iterable[str], files: Iterable[str], caller: Mapping[str, str]) -> list[str]:
    """Config.Env: files first, so that -e wins; the last one of a name stays."""
    result: dict[str, str] = {}
    for path in files:
        for text in read_lines(path):
            _set(result, text, caller)
    for text in pairs:
        if not text.partition("=")[0]:
            raise InvalidArgument(f"invalid environment variable {text!r}: no name", hint="write NAME=value")
        _set(result, text, caller)
    return [f"{name}={value}" for name, value in result.items()]


def labels(pairs: Iterable[str], files: Iterable[str] = ()) -> dict[str, str]:
    """Config.Labels; a label without "=" has an empty value."""
    result: dict[str, str] = {}
    for text in [line for path in files for line in read_lines(path)] + list(pairs):
        name, _, value = text.partition("=")
        if not name:
            raise InvalidArgument(f"invalid label {text!r}: no name", hint="write name=value")
        result[name] = value
    return result


def read_lines(path: str) -> list[str]:
    """The entries of an env file. Raises SyntaxProblem with the line for a name that cannot be one."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise SystemProblem(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SyntaxProblem("it is not UTF-8 text", file=path, line=1, column=1) from error
    entries = []
    for number, line in enumerate(lines, 1):
        text = line.lstrip()
        if not text or text.startswith("#"):
            continue
        name = text.partition("=")[0]
        if not name or name != name.strip() or " " in name:
            raise SyntaxProblem(
                f"{name!r} cannot be a variable's name",
                file=path,
                line=number,
                column=1,
                hint="write NAME=value",
            )
        entries.append(text)
    return entries


def _set(result: dict[str, str], text: str, caller: Mapping[str, str]) -> None:
    name, equals, value = text.partition("=")
    if equals:
        result[name] = value
    elif name in caller:
        result[name] = caller[name]
    else:
        result.pop(name, None)
