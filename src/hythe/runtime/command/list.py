"""show the containers below the root"""

from __future__ import annotations

from typing import Any

from hythe.errors import InvalidArgument, NotFound
from hythe.runtime.command import jsonfile
from hythe.runtime.command.context import Context
from hythe.runtime.command.flags import Flag
from hythe.runtime.command.folder import every, shown

USAGE = "[command options]"
FLAGS: tuple[Flag, ...] = (
    ("format f", "text", "table (default) or json"),
    ("quiet q", "switch", "ids only"),
)
ARGUMENTS = (0, 0)
_COLUMNS = ("id", "pid", "status", "bundle", "created", "owner")
_LEAST_WIDTH = 12
_GAP = 3


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    rows: list[dict[str, Any]] = []
    for folder in every(context.root):
        try:
            rows.append(shown(folder, folder.load()))
        except NotFound:
            continue  # deleted meanwhile
    if options["quiet"]:
        for row in rows:
            print(row["id"])
    elif options["format"] == "json":
        print(jsonfile.encode(rows) if rows else "null")
    elif options["format"] in ("", "table"):
        print(_table(rows))
    else:
        raise InvalidArgument("invalid format option")
    return 0


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [[name.upper() for name in _COLUMNS], *([str(row[name]) for name in _COLUMNS] for row in rows)]
    widths = [
        max(_LEAST_WIDTH, *(len(line[column]) + _GAP for line in lines)) for column in range(len(_COLUMNS))
    ]
    return "\n".join(
        "".join(f"{cell:<{width}}" for cell, width in zip(line[:-1], widths, strict=False)) + line[-1]
        for line in lines
    )
