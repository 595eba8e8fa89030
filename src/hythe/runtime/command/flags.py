"""Flags as runc reads them: `--name value`, `--name=value`, one dash or two, single letters as their other names.

A table of rows describes a verb's flags; `parse` turns arguments into a dictionary by the flags' long names, with
"-" as "_". Not argparse: it takes longer to import than a container takes to set up.
"""

from __future__ import annotations

from typing import Any

from hythe.errors import InvalidArgument

Flag = tuple[str, str, str]
"""(names, long one first, apart by a space; "text", "many", "number" or "switch"; what it is for)."""

HELP: Flag = ("help h", "switch", "show this help")
_EMPTY: dict[str, Any] = {"text": "", "number": 0, "switch": False}
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


class Misused(InvalidArgument):
    """The command line itself is wrong; the usage is shown with it."""


def parse(table: tuple[Flag, ...], arguments: list[str], *, mixed: bool) -> tuple[dict[str, Any], list[str]]:
    """(values by name, the other arguments). `mixed`: flags may also follow other arguments.

    A "many" is a list; "given" holds the names of all flags that were there. Raises Misused.
    """
    known: dict[str, tuple[str, str]] = {}
    values: dict[str, Any] = {}
    for names, kind, _ in (*table, HELP):
        long = names.split()[0].replace("-", "_")
        values[long] = [] if kind == "many" else _EMPTY[kind]
        for name in names.split():
            known[name] = (long, kind)
    given: set[str] = set()
    values["given"] = given
    others: list[str] = []
    rest = list(reversed(arguments))
    while rest:
        word = rest.pop()
        if word == "--":
            return values, others + rest[::-1]
        if not word.startswith("-") or word == "-":
            others.append(word)
            if not mixed:
                return values, others + rest[::-1]
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if name not in known:
            raise Misused(f"flag provided but not defined: -{name}")
        long, kind = known[name]
        given.add(long)
        if kind == "switch":
            values[long] = _switch(name, value) if equals else True
            continue
        if not equals:
            if not rest:
                raise Misused(f"flag needs an argument: -{name}")
            value = rest.pop()
        if kind == "many":
            values[long].append(value)
        else:
            values[long] = _number(name, value) if kind == "number" else value
    return values, others


def _switch(name: str, value: str) -> bool:
    if value not in _TRUE + _FALSE:
        raise Misused(f'invalid boolean value "{value}" for -{name}: parse error')
    return value in _TRUE


def _number(name: str, value: str) -> int:
    try:
        return int(value, 0)
    except ValueError as error:
        raise Misused(f'invalid value "{value}" for flag -{name}: parse error') from error


def described(table: tuple[Flag, ...]) -> str:
    """The flags as lines of help."""
    rows = []
    for names, kind, text in (*table, HELP):
        shown = ", ".join(("--" if len(name) > 1 else "-") + name for name in names.split())
        rows.append((shown + ("" if kind == "switch" else " value"), text))
    width = max(len(shown) for shown, _ in rows)
    return "\n".join(f"   {shown:<{width}}  {text}" for shown, text in rows)
