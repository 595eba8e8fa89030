"""Which limits the tree of version 2 can hold.

A group below the top has the controllers that the top hands down. Who may write cgroup.subtree_control can hand
down all that the top has; others have what is handed down already. The top of the machine has no file for
swap, so any group at all is asked for that.
"""

# ruff: noqa: PTH110
from __future__ import annotations

import os

from hythe.kernel.cgroups import files
from hythe.kernel.cgroups.interface import Support


def support(top: str) -> Support:
    """`top` is where the tree is mounted."""
    control = f"{top}/cgroup.subtree_control"
    source = f"{top}/cgroup.controllers" if os.access(control, os.W_OK) else control
    present = files.read(source).split()
    memory, cpu, io = "memory" in present, "cpu" in present, "io" in present
    return Support(
        memory=memory,
        swap=memory and _swap(top),
        swappiness=False,
        oom_kill_disable=False,
        cpu_shares=cpu,
        cpu_quota=cpu,
        cpu_realtime=False,
        cpuset="cpuset" in present,
        pids="pids" in present,
        io_weight=io,
        io_throttle=io,
    )


def _swap(top: str) -> bool:
    """Missing only where the kernel was told so (swapaccount=0): taken to be there where no group can tell."""
    groups = [top, *(entry.path for entry in os.scandir(top) if entry.is_dir(follow_symlinks=False))]
    told = [folder for folder in groups if os.path.exists(os.path.join(folder, "memory.max"))]
    return not told or any(os.path.exists(os.path.join(folder, "memory.swap.max")) for folder in told)
