"""run the program of a created container"""

from __future__ import annotations

import os
from typing import Any

from hythe.errors import Conflict
from hythe.runtime.command import conversation, filters
from hythe.runtime.command.context import Context
from hythe.runtime.command.folder import START_SOCKET, Folder, status
from hythe.runtime.command.starting import started

USAGE = "<container-id>"
FLAGS = ()
ARGUMENTS = (1, 1)
_NOT_NOW = {
    "stopped": "cannot start a container that has stopped",
    "running": "cannot start an already running container",
}


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    folder = Folder(context.root, arguments[0])
    with folder.locked():
        state = folder.load()
        now = status(folder, state)
        if now != "created":
            raise Conflict(_NOT_NOW.get(now, f"cannot start a container in the {now} state"))
        with conversation.connect(folder.path, START_SOCKET) as line:
            try:
                conversation.start(line, filters.listener(folder, state))
            finally:
                os.unlink(f"{folder.path}/{START_SOCKET}")  # noqa: PTH108
        started(context, folder, state)
    return 0
