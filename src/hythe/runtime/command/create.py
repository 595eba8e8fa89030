"""make a container: everything but its program runs"""

from __future__ import annotations

from typing import Any

from hythe.runtime.command import launch
from hythe.runtime.command.context import Context
from hythe.runtime.command.undo import Undo

USAGE = "[command options] <container-id>"
FLAGS = launch.FLAGS
ARGUMENTS = (1, 1)


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    with Undo() as undo:
        launch.launch(context, arguments[0], options, undo, kind="created")
        undo.keep()
    return 0
