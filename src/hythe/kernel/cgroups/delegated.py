"""The part of the version 2 tree that has been handed to an ordinary user (cgroup-v2.rst, Delegation).

It is the group that this process is in, if it may make groups and move processes there; systemd does that for
units with Delegate=yes. A group with processes cannot have limited ones below it, so ours move to a group of their
own, in which a process that looks again finds itself.
"""

from __future__ import annotations

import os
from typing import Final

from hythe.kernel.cgroups import files
from hythe.kernel.cgroups.absent import LayoutAbsent
from hythe.kernel.cgroups.interface import Group, Layout, Resources
from hythe.kernel.cgroups.v2 import WANTED, GroupV2, LayoutV2
from hythe.kernel.cgroups.v2_limits import controllers

_OWN: Final = "hythe-daemon"
_SYSTEMD: Final = "/run/systemd/system"


def find(unified: str | None, own: str = "/proc/self/cgroup", *, version: int = 2) -> Layout:
    """The layout below our own group, where `unified` (the mount point of version 2) has one for us.

    `version` is told of a machine that has none.
    """
    if unified is None:
        return LayoutAbsent(version)
    with open(own) as file:
        place = next((line.partition("::")[2].strip() for line in file if line.startswith("0::")), "")
    if not place or "/.." in place:
        return LayoutAbsent(version)
    folder = (unified + place).rstrip("/")
    if os.path.basename(folder) == _OWN:  # noqa: PTH119
        folder = os.path.dirname(folder)
    needed = [folder, f"{folder}/cgroup.procs", f"{folder}/cgroup.subtree_control"]
    if not all(os.access(path, os.W_OK) for path in needed) or not _is_ours(folder):
        return LayoutAbsent(version)
    return LayoutDelegated(folder)


def _is_ours(folder: str) -> bool:
    """A user's service manager owns groups that it has not handed down, such as a terminal's: it marks those that it
    has (systemd, "Control Group APIs and Delegation").
    """
    if not os.path.isdir(_SYSTEMD):  # noqa: PTH112
        return True
    try:
        return os.getxattr(folder, "user.delegate") == b"1"
    except OSError:
        return False


class LayoutDelegated(LayoutV2):
    """`top` is our group; what of the kernel's controllers is delegated, groups in it can have."""

    def group(self, path: str, resources: Resources | None = None) -> Group:
        wanted = controllers(resources or {})
        return _GroupDelegated(self.top, files.checked_path(path), dict.fromkeys([*WANTED, *wanted]))

    def make_room(self, first: str = "") -> None:
        folder = f"{self.top}/{_OWN}"
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        for pid in files.read(f"{self.top}/cgroup.procs").split():
            try:
                files.write(f"{folder}/cgroup.procs", pid)
            except OSError:
                continue  # it has ended, or is somebody else's


class _GroupDelegated(GroupV2):
    def limit(self, resources: Resources) -> list[str]:
        """Rules for devices would take a BPF program, which is root's to load. They are not missed: here no process
        can make a node, and what a container is given of them is what the user may open.
        """
        return super().limit({name: value for name, value in resources.items() if name != "devices"})
