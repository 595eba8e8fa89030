"""The OCI runtimes of the configuration: `--add-runtime NAME=PATH`, or a table for each in the file.

    default-runtime = "runc-debug"
    [runtimes.runc-debug]
    path = "/usr/sbin/runc"
    args = ["--debug"]

The program must be there when the daemon starts. "hythe" is its own runtime and cannot be given away.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from hythe.engine.runtimes.choice import OWN, Runtimes
from hythe.errors import InvalidArgument
from hythe.runtime.protocol import Program

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def from_flags(flags: Iterable[str]) -> dict[str, Program]:
    """Of "NAME=PATH" each. Raises InvalidArgument."""
    found: dict[str, Program] = {}
    for flag in flags:
        name, separator, path = flag.partition("=")
        if not separator or not path:
            raise InvalidArgument(f"invalid --add-runtime {flag!r}", hint="write NAME=PATH")
        if name in found:
            raise InvalidArgument(f"--add-runtime names {name!r} twice")
        found[name] = {"name": name, "path": os.path.abspath(path), "args": []}  # noqa: PTH100
    return found


def from_table(table: object, file: Path) -> dict[str, Program]:
    """Of the file's `runtimes`. Raises InvalidArgument."""
    if not isinstance(table, Mapping):
        raise InvalidArgument(f"{file}: runtimes must be tables, such as [runtimes.runc]")
    return {name: _program(name, entry, f"{file}: runtimes.{name}") for name, entry in table.items()}


def _program(name: str, entry: Any, where: str) -> Program:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("path"), str):
        raise InvalidArgument(f"{where} needs a path")
    unknown = sorted(entry.keys() - {"path", "args"})
    if unknown:
        raise InvalidArgument(f"{where}: unknown key {unknown[0]!r}", hint="known are args, path")
    args = entry.get("args", [])
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        raise InvalidArgument(f"{where}.args must be a list of strings")
    return {"name": name, "path": entry["path"], "args": args}


def check(runtimes: Mapping[str, Program], default: str) -> None:
    """Raises InvalidArgument for a name or a program that cannot be used."""
    for name, program in runtimes.items():
        if not _NAME.fullmatch(name) or name == OWN:
            raise InvalidArgument(
                f"invalid runtime name {name!r}", hint="letters, digits, _ . -, and not hythe"
            )
        path = program["path"]
        if not path.startswith("/"):
            raise InvalidArgument(f"the path of the runtime {name} is not absolute: {path}")
        if not (Path(path).is_file() and os.access(path, os.X_OK)):
            raise InvalidArgument(f"the runtime {name} is not an executable file: {path}")
    Runtimes(runtimes).program(default)
