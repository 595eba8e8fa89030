"""Frozen groups: what is put into one, or below one, stops at once, before its program begins.

On version 1 it cannot even be killed before somebody thaws the group (freezer-subsystem.rst), so that whoever starts a
container there would wait for it, and its end, for ever.
"""

from __future__ import annotations

from hythe.errors import Conflict
from hythe.kernel.cgroups.layout import detect


def must_run(path: str) -> None:
    """Raises Conflict for a frozen group, or one below a frozen one."""
    layout, above = detect(), ""
    for part in path.strip("/").split("/"):
        above += f"/{part}"
        if layout.group(above).frozen():
            raise Conflict(
                f"container's cgroup unexpectedly frozen: {above}", hint="thaw it, or choose another group"
            )
