"""remove a container that has ended"""

from __future__ import annotations

from typing import Any

from hythe.errors import Conflict, NotFound
from hythe.runtime.command import groups, removal
from hythe.runtime.command.context import Context
from hythe.runtime.command.flags import Flag
from hythe.runtime.command.folder import Folder, status

USAGE = "[command options] <container-id>"
FLAGS: tuple[Flag, ...] = (("force f", "switch", "end it first, and succeed where there is none"),)
ARGUMENTS = (1, 1)


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    folder = Folder(context.root, arguments[0])
    try:
        _delete(context, folder, force=options["force"])
    except NotFound:
        if not options["force"]:
            raise
    return 0


def _delete(context: Context, folder: Folder, *, force: bool) -> None:
    with folder.locked():
        state = folder.load()
        now = status(folder, state)
        if now not in ("stopped", "created") and not force:
            raise Conflict(f"cannot delete container {folder.id} that is not stopped: {now}")
        group = groups.find(state["cgroup"])
        if now != "stopped":
            removal.kill_and_wait(state, group)
        removal.remove(context, folder, state, group)
