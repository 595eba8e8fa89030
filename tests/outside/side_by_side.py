"""One command line given to docker's CLI and to hythe's, against the same daemon: what each prints and how it ends.

"@" in a command stands for a name that differs between the two, so that both can make, change and remove a thing of
their own; it is the same again in what is compared, and so are ids, times, addresses and the order in which Go's maps
happen to come.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable
from typing import NamedTuple

from tests.targets import Result, Target

_PLAIN = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "<short>"),
    (re.compile(r"\b\d+(\.\d+)? ?(seconds?|minutes?)( ago)?"), "<ago>"),
    (re.compile(r"(Less than a second|About a minute|About an hour)( ago)?"), "<ago>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z| \+0000 UTC)"), "<time>"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b|\b172\.\d+\.\d+\.\d+\b"), "<address>"),
    (re.compile(r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b"), "<mac>"),
    (re.compile(r" +"), " "),
)
_NAMES = {"docker": "qqa", "hythe": "qqb"}


class Ending(NamedTuple):
    code: int
    out: list[str]


def differences(target: Target, lines: Iterable[str]) -> str:
    """What differs, in words; "" for nothing.

    A line is a command; "COMMAND <<< TEXT" gives it an input; "COMMAND ~~~" has its lines compared sorted; "# ..." is
    not run.
    """
    found = [
        _difference(target, line.strip())
        for line in lines
        if line.strip() and not line.strip().startswith("#")
    ]
    return "\n".join(filter(None, found))


def _difference(target: Target, line: str) -> str:
    command, given, text = line.partition(" <<< ")
    in_any_order = command.endswith(" ~~~")
    arguments = command.removesuffix(" ~~~")
    stdin = text.encode().decode("unicode_escape").encode() if given else None
    docker, ours = (
        _ending(run(*shlex.split(arguments.replace("@", name)), stdin=stdin), name, in_any_order)
        for run, name in ((target.docker, _NAMES["docker"]), (target.hythe, _NAMES["hythe"]))
    )
    if docker == ours:
        return ""
    shown = list(difflib.unified_diff(docker.out, ours.out, "docker", "hythe", lineterm="", n=0))[2:]
    return "\n  ".join([f"{line}\n  docker ended with {docker.code}, hythe with {ours.code}", *shown])


def _ending(result: Result, name: str, in_any_order: bool) -> Ending:
    text = result.out.replace(name, "@")
    for pattern, plain in _PLAIN:
        text = pattern.sub(plain, text)
    lines = text.split("\n")
    return Ending(result.code, sorted(lines) if in_any_order else lines)
