"""create a container, start it, and wait for its end"""

from __future__ import annotations

from typing import Any

from hythe.runtime.command import conversation, filters, launch, removal
from hythe.runtime.command.context import Context
from hythe.runtime.command.flags import Flag
from hythe.runtime.command.starting import started
from hythe.runtime.command.undo import Undo

USAGE = "[command options] <container-id>"
FLAGS: tuple[Flag, ...] = (
    *launch.FLAGS,
    ("detach d", "switch", "do not wait"),
    ("keep", "switch", "do not delete the container when it has ended"),
    ("no-subreaper", "switch", "accepted for runc's sake: there is none"),
)
ARGUMENTS = (1, 1)


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    from hythe.runtime.command import foreground

    detached = options["detach"]
    with Undo() as undo:
        signals = -1 if detached else foreground.block_signals()
        kind = "detached" if detached else "foreground"
        container = launch.launch(context, arguments[0], options, undo, kind=kind)
        conversation.start(container.line, filters.listener(container.folder, container.state))
        started(context, container.folder, container.state)
        undo.keep()
    if detached:
        return 0
    code = foreground.follow(container.state["pid"], signals, container.master)
    if not options["keep"]:
        removal.remove(context, container.folder, container.state, container.group)
    return code
