"""What follows a start, whichever command made it: the poststart hooks."""

from __future__ import annotations

from hythe.runtime.command import jsonfile, report
from hythe.runtime.command.context import Context
from hythe.runtime.command.folder import Folder, State, described


def started(context: Context, folder: Folder, state: State) -> None:
    """Run poststart hooks; a failure is a warning (runtime.md, Lifecycle)."""
    if state["hooks"].get("poststart"):
        from hythe.runtime import hooks

        text = jsonfile.encode(described(state, "running"))
        for warning in hooks.run_all("poststart", state["hooks"], text):
            report.log(context, "warning", warning)
