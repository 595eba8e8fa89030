"""Taking away what is left of a container that has ended: processes, control group, folder; then poststop hooks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hythe.kernel import identity
from hythe.runtime.command import jsonfile, report
from hythe.runtime.command.context import Context
from hythe.runtime.command.folder import Folder, State, described

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group


def remove(context: Context, folder: Folder, state: State, group: Group) -> None:
    """Raises OSError where the group stays in use. A poststop hook that fails is a warning."""
    group.kill()
    group.remove()
    folder.remove()
    if state["hooks"].get("poststop"):
        from hythe.runtime import hooks

        text = jsonfile.encode(described(state, "stopped"))
        for warning in hooks.run_all("poststop", state["hooks"], text):
            report.log(context, "warning", warning)


def kill_and_wait(state: State, group: Group) -> None:
    """SIGKILL to all of it, and wait for the first process's end."""
    import select

    try:
        pidfd = identity.pidfd_open(state["pid"])
    except ProcessLookupError:
        group.kill()
        return
    try:
        if identity.alive(state["pid"], state["start_time"]):
            os.kill(state["pid"], 9)
            group.kill()
            poller = select.poll()
            poller.register(pidfd, select.POLLIN)
            poller.poll()
        else:
            group.kill()
    finally:
        os.close(pidfd)
