"""Control groups version 1: one tree for each controller, the same path in each.

A container always gets a group in memory, pids, cpu, cpuacct, devices, freezer and blkio, in as many of them as
are mounted, for limits and for figures; in others (cpuset, hugetlb, net_cls, ...) only when a limit asks for
them, because each tree joined costs 0.05 to 0.1 ms of a start. Devices are allowed by lines written to
devices.allow and devices.deny, in order; the other limits are in `v1_limits`, the figures in `v1_statistics`.
Sources: Documentation/admin-guide/cgroup-v1/ of the kernel.
"""

# ruff: noqa: PTH102, PTH103, PTH104, PTH110, PTH112
from __future__ import annotations

import errno
import itertools
import os
import signal
import time
from typing import TYPE_CHECKING, Any, Final

from hythe.errors import InvalidArgument
from hythe.kernel.cgroups import files, v1_limits
from hythe.kernel.cgroups.settings import missing, write_all

if TYPE_CHECKING:
    from hythe.kernel.cgroups.interface import Group, Resources, Statistics, Support

_ALWAYS: Final = ("memory", "pids", "cpu", "cpuacct", "devices", "freezer", "blkio")
_JOIN: Final = "tasks"
"""Moves one thread, which is all that a process has here. For "cgroup.procs" the kernel locks out every fork on
the machine, and waits for a grace period of RCU (10 ms and more) to do so; for the thread that calls it need
not (Linux 5.5, cgroup_procs_write_start)."""
_FREEZE_SECONDS: Final = 2.0
_KILL_SECONDS: Final = 0.2


class LayoutV1:
    """`controllers` maps a controller to its mount point."""

    version = 1
    can_rename = True

    def __init__(self, controllers: dict[str, str]) -> None:
        self.controllers = controllers

    def group(self, path: str, resources: Resources | None = None) -> Group:
        wanted = self._wanted(resources or {})
        for controller, field in wanted.items():
            if controller not in self.controllers:
                raise missing(field, controller)
        return GroupV1(self.controllers, files.checked_path(path), [*_ALWAYS, *wanted])

    def _wanted(self, resources: Resources) -> dict[str, str]:
        """Controllers that the limits need, each with the first of these."""
        needed = [one for one in v1_limits.settings(resources) if not one.optional]
        return {one.controller: one.field for one in reversed(needed)}

    def usual(self, resources: Resources) -> bool:
        return self._wanted(resources).keys() <= set(_ALWAYS)

    def support(self) -> Support:
        from hythe.kernel.cgroups import v1_support

        return v1_support.support(self.controllers)

    def make_room(self) -> None:
        """Every group may have processes here."""


class GroupV1:
    """See `interface.Group`."""

    def __init__(self, controllers: dict[str, str], path: str, wanted: list[str]) -> None:
        self.path = path
        self._mounts = controllers
        self._folders = {name: controllers[name] + path for name in wanted if name in controllers}
        self._every = {name: point + path for name, point in controllers.items()}

    def _file(self, controller: str, name: str) -> str:
        return f"{self._every[controller]}/{name}" if controller in self._every else "/nonexistent"

    def create(self) -> None:
        for folder in dict.fromkeys(self._folders.values()):
            try:
                os.mkdir(folder)
            except FileNotFoundError:
                os.makedirs(folder, exist_ok=True)
            except FileExistsError:
                pass
        if "cpuset" in self._folders:
            self._inherit_cpuset()

    def open(self) -> int:
        return -1

    def adopt(self, former: str) -> None:
        """rename(2) works on these folders within one parent; a tree that the former was not in is joined."""
        for controller, folder in self._folders.items():
            try:
                os.rename(self._mounts[controller] + former, folder)
            except FileNotFoundError:
                if os.path.isdir(folder):
                    continue  # mounted together with a controller that has been renamed already
                os.mkdir(folder)
                if controller == "cpuset":
                    self._inherit_cpuset()
                files.write(f"{folder}/{_JOIN}", 0)

    def _inherit_cpuset(self) -> None:
        """A new cpuset group is empty and takes no process until cpus and mems are copied down to it."""
        folder = self._mounts["cpuset"]
        for part in self.path.strip("/").split("/"):
            parent, folder = folder, f"{folder}/{part}"
            for name in ("cpuset.cpus", "cpuset.mems"):
                if not files.read(f"{folder}/{name}").strip():
                    files.write(f"{folder}/{name}", files.read(f"{parent}/{name}").strip())

    def below(self, parts: dict[str, str]) -> Group:
        group = GroupV1(self._mounts, self.path, [])
        group._folders = {name: folder for name, folder in self._every.items() if os.path.isdir(folder)}
        for controller, part in sorted(parts.items()):  # that of all first
            if controller and controller not in self._mounts:
                raise InvalidArgument(f"unknown controller {controller}")
            for name in [controller] if controller else list(group._folders):
                group._folders[name] = files.existing(self._every[name] + part)
        group._every = dict(group._folders)
        return group

    def join(self, pid: int = 0, *, beside: int = 0) -> None:
        """All trees that it is in, also those of a limit that was set later."""
        for controller, folder in self._every.items():
            if controller not in self._folders and os.path.isdir(folder):
                self._folders[controller] = folder
        for folder in dict.fromkeys(self._folders.values()):
            files.write(f"{folder}/{_JOIN}", pid)

    def leave(self) -> None:
        for controller in self._folders:
            files.write(f"{self._mounts[controller]}/{_JOIN}", 0)

    # ---- limits ---------------------------------------------------------------------------------

    def limit(self, resources: Resources) -> list[str]:
        chosen = v1_limits.settings(resources)
        warnings = v1_limits.warnings(resources)
        for controller in dict.fromkeys(one.controller for one in chosen):
            if controller in self._every and controller not in self._folders:
                self._enter(controller)
        if (resources.get("memory") or {}).get("checkBeforeUpdate"):
            files.check_usage(self._file("memory", "memory.usage_in_bytes"), resources["memory"])
        self._limit_devices(resources.get("devices") or [], warnings)
        write_all(chosen, self._every.get)
        return warnings

    def _enter(self, controller: str) -> None:
        """Be in one tree more, with every process: a limit is set for the first time while they run.

        What they fork meanwhile may come too late for one reading of the list, so it is read until nobody is left
        outside.
        """
        folder = self._every[controller]
        if not os.path.isdir(folder):
            os.makedirs(folder, exist_ok=True)
            if controller == "cpuset":
                self._inherit_cpuset()
            members, tried = f"{folder}/cgroup.procs", set[int]()
            while late := set(self.processes()) - set(map(int, files.read(members).split())) - tried:
                for pid in late:
                    try:
                        files.write(members, pid)
                    except ProcessLookupError:
                        pass
                tried |= late
        self._folders[controller] = folder

    def _limit_devices(self, rules: list[dict[str, Any]], warnings: list[str]) -> None:
        if rules and "devices" not in self._every:
            warnings.append("this kernel has no device control group; the device rules were left out")
            return
        lines = [(bool(rule.get("allow")), device_line(rule)) for rule in rules]
        for allow, group in itertools.groupby(lines, key=lambda line: line[0]):
            path = self._file("devices", "devices.allow" if allow else "devices.deny")
            files.write_lines(path, [line for _, line in group])

    # ---- all processes --------------------------------------------------------------------------

    def processes(self) -> list[int]:
        top = self._file("freezer" if "freezer" in self._every else "pids", "")
        found: list[int] = []
        for folder in files.tree(top.rstrip("/")):
            found += [int(pid) for pid in files.read(f"{folder}/cgroup.procs").split()]
        return found

    def freeze(self) -> None:
        if not self._freeze(_FREEZE_SECONDS):
            self.thaw()
            raise OSError(errno.ETIMEDOUT, "not all of its processes could be stopped", self.path)

    def _freeze(self, seconds: float) -> bool:
        """Whether all are frozen. The only polling here: version 1 has FREEZING as a state, and tells of its end
        by no event, for the kernel itself looks at the processes only when the file is read. A process that
        sleeps in the kernel beyond signals can take any time, and one on a busy machine waits for its turn to stop.
        """
        path = self._file("freezer", "freezer.state")
        end = time.monotonic() + seconds
        while True:
            # Writing again also freezes what was forked meanwhile.
            files.write(path, "FROZEN")
            if files.read(path).strip() == "FROZEN":
                return True
            if time.monotonic() > end:
                return False
            time.sleep(0.001)

    def thaw(self) -> None:
        files.write(self._file("freezer", "freezer.state"), "THAWED")

    def frozen(self) -> bool:
        return files.read(self._file("freezer", "freezer.state")).strip() in ("FROZEN", "FREEZING")

    def kill(self) -> None:
        """Frozen first, so that no fork escapes between reading the list and killing."""
        if not os.path.exists(self._file("freezer", "freezer.state")):
            return
        if not self.processes():
            self.thaw()
            return
        self._freeze(_KILL_SECONDS)
        try:
            for pid in self.processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        finally:
            self.thaw()

    def remove(self) -> None:
        for folder in dict.fromkeys(self._every.values()):
            files.remove_tree(folder)

    # ---- figures --------------------------------------------------------------------------------

    def oom_kills(self) -> int:
        from hythe.kernel.cgroups import v1_statistics

        return v1_statistics.oom_kills(self._file)

    def watch_oom(self) -> tuple[int, int]:
        """An eventfd registered at cgroup.event_control for memory.oom_control."""
        import select

        path = self._file("memory", "memory.oom_control")
        control = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            try:
                files.write(self._file("memory", "cgroup.event_control"), f"{event} {control}")
            except BaseException:
                os.close(event)
                raise
        finally:
            os.close(control)
        return event, select.EPOLLIN

    def statistics(self) -> Statistics:
        from hythe.kernel.cgroups import v1_statistics

        return v1_statistics.statistics(self._file)

    def mount_points(self) -> list[tuple[str, str, tuple[tuple[str, str | None], ...], str]]:
        shared: dict[str, list[str]] = {}
        for name, folder in self._folders.items():
            shared.setdefault(folder, []).append(name)
        return [
            (",".join(names), "cgroup", tuple((name, None) for name in names), folder)
            for folder, names in shared.items()
        ]


def device_line(rule: dict[str, Any]) -> str:
    """ "c 1:3 rwm" from an OCI device rule; a type, major or minor that is left out or negative is any."""
    kind = rule.get("type") or "a"
    major, minor = rule.get("major"), rule.get("minor")
    numbers = ":".join("*" if n is None or n < 0 else str(n) for n in (major, minor))
    if kind == "a" and numbers == "*:*":
        return "a"
    return f"{kind} {numbers} {rule.get('access') or 'rwm'}"
