"""let the processes of a paused container go on"""

from __future__ import annotations

from typing import Any

from hythe.errors import Conflict
from hythe.runtime.command import groups
from hythe.runtime.command.context import Context
from hythe.runtime.command.folder import Folder, status

USAGE = "<container-id>"
FLAGS = ()
ARGUMENTS = (1, 1)


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    folder = Folder(context.root, arguments[0])
    with folder.locked():
        state = folder.load()
        if status(folder, state) != "paused":
            raise Conflict("container not paused")
        groups.find(state["cgroup"]).thaw()
    return 0
