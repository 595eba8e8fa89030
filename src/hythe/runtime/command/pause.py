"""stop all of a container's processes where they are"""

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
        if status(folder, state) not in ("running", "created"):
            raise Conflict("container not running")
        groups.find(state["cgroup"]).freeze()
    return 0
