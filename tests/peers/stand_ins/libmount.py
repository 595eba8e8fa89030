"""The part of util-linux's Python module `libmount` that crun's tests of mounts use; Debian has no package of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mount:
    """A line of mountinfo: the target, and the options of the mount and of its file system."""

    target: str
    vfs_options: str
    fs_options: str


class Table:
    """The mounts in a file in the format of /proc/self/mountinfo (proc_pid_mountinfo(5))."""

    def __init__(self, path: str) -> None:
        self._mounts = [_mount(line) for line in Path(path).read_text().splitlines() if " - " in line]

    def find_target(self, target: str) -> Mount:
        """The topmost mount at `target`; KeyError when there is none."""
        for mount in reversed(self._mounts):
            if mount.target == target:
                return mount
        raise KeyError(target)


def _mount(line: str) -> Mount:
    before, _, after = line.partition(" - ")
    fields = before.split(" ")
    return Mount(fields[4], fields[5], after.split(" ")[2])
