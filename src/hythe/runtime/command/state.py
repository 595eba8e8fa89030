"""show a container's state as JSON"""

from __future__ import annotations

from typing import Any

from hythe.runtime.command import jsonfile
from hythe.runtime.command.context import Context
from hythe.runtime.command.folder import Folder, shown

USAGE = "<container-id>"
FLAGS = ()
ARGUMENTS = (1, 1)


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    folder = Folder(context.root, arguments[0])
    print(jsonfile.encode(shown(folder, folder.load()), indent=2))
    return 0
