"""send a signal (default: SIGTERM) to a container's first process"""

from __future__ import annotations

import os
import signal
from typing import Any

from hythe.errors import Conflict
from hythe.kernel import identity
from hythe.runtime.command import groups, signals
from hythe.runtime.command.context import Context
from hythe.runtime.command.flags import Flag
from hythe.runtime.command.folder import Folder, State, status

USAGE = "[command options] <container-id> [signal]"
FLAGS: tuple[Flag, ...] = (("all a", "switch", "to all of the container's processes"),)
ARGUMENTS = (1, 2)


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    number = signals.number(arguments[1] if len(arguments) > 1 else "TERM")
    folder = Folder(context.root, arguments[0])
    state = folder.load()
    if options["all"]:
        _all(state, number)
        return 0
    now = status(folder, state)
    if now == "stopped":
        raise Conflict("container not running")
    _first(state, number)
    if number == signals.KILL and (now == "paused" or not state["own_pid"]):
        groups.find(state["cgroup"]).kill()
    return 0


def _first(state: State, number: int) -> None:
    """Through a descriptor, so that it is this process and no later one with its pid. Raises Conflict."""
    try:
        pidfd = identity.pidfd_open(state["pid"])
    except ProcessLookupError as error:
        raise Conflict("container not running") from error
    try:
        if not identity.alive(state["pid"], state["start_time"]):
            raise Conflict("container not running")
        signal.pidfd_send_signal(pidfd, number)
    finally:
        os.close(pidfd)


def _all(state: State, number: int) -> None:
    group = groups.find(state["cgroup"])
    if number == signals.KILL:
        group.kill()
        return
    for pid in group.processes():
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
