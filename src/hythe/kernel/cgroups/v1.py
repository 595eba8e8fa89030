"""Control groups version 1: one tree for each controller, the same path in each.

A container always gets a group in memory, pids, cpu, cpuacct, devices and freezer, in as many of them as are
mounted; cpuset and blkio only when a limit asks for them, because each tree joined costs about 0.1 ms of a
start. Devices are allowed by lines written to devices.allow and devices.deny, in order. Sources:
Documentation/admin-guide/cgroup-v1/ of the kernel.
"""

# ruff: noqa: PTH102, PTH103, PTH104, PTH110, PTH112
from __future__ import annotations

import itertools
import os
import select
import signal
import time
from typing import Any, Final

from hythe.kernel.cgroups import files
from hythe.kernel.cgroups.interface import DeviceIo, Group, Resources, Statistics
from hythe.kernel.syscall import libc_call

_ALWAYS: Final = ("memory", "pids", "cpu", "cpuacct", "devices", "freezer")
_JOIN: Final = "tasks"
"""Moves one thread, which is all that a process has here. For "cgroup.procs" the kernel locks out every fork on
the machine, and waits for a grace period of RCU (10 ms and more) to do so; for the thread that calls it need
not (Linux 5.5, cgroup_procs_write_start)."""
_NO_LIMIT: Final = 1 << 60
_FREEZE_TRIES: Final = 200


class LayoutV1:
    """`controllers` maps a controller to its mount point."""

    version = 1
    can_rename = True

    def __init__(self, controllers: dict[str, str]) -> None:
        self.controllers = controllers

    def group(self, path: str, resources: Resources | None = None) -> Group:
        cpu = (resources or {}).get("cpu") or {}
        wanted = [*_ALWAYS, "cpuset"] if cpu.get("cpus") or cpu.get("mems") else list(_ALWAYS)
        return GroupV1(self.controllers, files.checked_path(path), wanted)

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

    def join(self, pid: int = 0) -> None:
        for folder in dict.fromkeys(self._folders.values()):
            files.write(f"{folder}/{_JOIN}", pid)

    def leave(self) -> None:
        for controller in self._folders:
            files.write(f"{self._mounts[controller]}/{_JOIN}", 0)

    # ---- limits ---------------------------------------------------------------------------------

    def limit(self, resources: Resources) -> list[str]:
        warnings: list[str] = []
        self._limit_devices(resources.get("devices") or [], warnings)
        self._limit_memory(resources.get("memory") or {}, warnings)
        self._limit_cpu(resources.get("cpu") or {}, warnings)
        pids = (resources.get("pids") or {}).get("limit")
        if pids is not None:
            self._set("pids", "pids.max", pids if pids > 0 else "max", warnings)
        if resources.get("unified"):
            warnings.append("linux.resources.unified needs control groups version 2 and was left out")
        return warnings

    def _set(self, controller: str, name: str, value: str | int, warnings: list[str]) -> None:
        path = self._file(controller, name)
        if controller not in self._every or not os.path.exists(path):
            warnings.append(f"this kernel has no {name}; the limit {value} was left out")
            return
        files.write(path, value)

    def _limit_devices(self, rules: list[dict[str, Any]], warnings: list[str]) -> None:
        if rules and "devices" not in self._every:
            warnings.append("this kernel has no device control group; the device rules were left out")
            return
        lines = [(bool(rule.get("allow")), device_line(rule)) for rule in rules]
        for allow, group in itertools.groupby(lines, key=lambda line: line[0]):
            path = self._file("devices", "devices.allow" if allow else "devices.deny")
            files.write_lines(path, [line for _, line in group])

    def _limit_memory(self, memory: dict[str, Any], warnings: list[str]) -> None:
        limit, swap = memory.get("limit"), memory.get("swap")
        names = [("memory.limit_in_bytes", limit), ("memory.memsw.limit_in_bytes", swap)]
        if limit is not None and swap is not None:
            present = files.number(self._file("memory", "memory.memsw.limit_in_bytes"))
            if swap < 0 or swap > present:
                names.reverse()
        for name, value in names:
            if value is not None:
                self._set("memory", name, value, warnings)
        for name, key in (
            ("memory.soft_limit_in_bytes", "reservation"),
            ("memory.swappiness", "swappiness"),
        ):
            if memory.get(key) is not None:
                self._set("memory", name, memory[key], warnings)
        if memory.get("disableOOMKiller"):
            self._set("memory", "memory.oom_control", 1, warnings)

    def _limit_cpu(self, cpu: dict[str, Any], warnings: list[str]) -> None:
        names = [("cpu.cfs_period_us", "period"), ("cpu.cfs_quota_us", "quota"), ("cpu.shares", "shares")]
        for name, key in names:
            if cpu.get(key):
                self._set("cpu", name, cpu[key], warnings)
        for name, key in (("cpuset.cpus", "cpus"), ("cpuset.mems", "mems")):
            if cpu.get(key):
                self._set("cpuset", name, cpu[key], warnings)

    # ---- all processes --------------------------------------------------------------------------

    def processes(self) -> list[int]:
        top = self._file("freezer" if "freezer" in self._every else "pids", "")
        found: list[int] = []
        for folder in files.tree(top.rstrip("/")):
            found += [int(pid) for pid in files.read(f"{folder}/cgroup.procs").split()]
        return found

    def freeze(self) -> None:
        path = self._file("freezer", "freezer.state")
        for _ in range(_FREEZE_TRIES):
            # Writing again also freezes what was forked meanwhile; v1 tells of the end by no event.
            files.write(path, "FROZEN")
            if files.read(path).strip() == "FROZEN":
                return
            time.sleep(0.001)

    def thaw(self) -> None:
        files.write(self._file("freezer", "freezer.state"), "THAWED")

    def kill(self) -> None:
        """Frozen first, so that no fork escapes between reading the list and killing."""
        if not os.path.exists(self._file("freezer", "freezer.state")):
            return
        if not self.processes():
            self.thaw()
            return
        self.freeze()
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
            if os.path.isdir(folder):
                files.remove_tree(folder)

    # ---- figures --------------------------------------------------------------------------------

    def oom_kills(self) -> int:
        return files.table(self._file("memory", "memory.oom_control")).get("oom_kill", 0)

    def watch_oom(self) -> tuple[int, int]:
        """An eventfd registered at cgroup.event_control for memory.oom_control."""
        path = self._file("memory", "memory.oom_control")
        control = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            event = libc_call("eventfd", 0, os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                files.write(self._file("memory", "cgroup.event_control"), f"{event} {control}")
            except BaseException:
                os.close(event)
                raise
        finally:
            os.close(control)
        return event, select.EPOLLIN

    def statistics(self) -> Statistics:
        limit = files.number(self._file("memory", "memory.limit_in_bytes"))
        cpu = files.table(self._file("cpu", "cpu.stat"))
        return {
            "memory": {
                "usage": files.number(self._file("memory", "memory.usage_in_bytes")),
                "max_usage": files.number(self._file("memory", "memory.max_usage_in_bytes")),
                "limit": limit if limit < _NO_LIMIT else 0,
                "stat": files.table(self._file("memory", "memory.stat")),
            },
            "cpu": {
                "usage": files.number(self._file("cpuacct", "cpuacct.usage")),
                "user": files.number(self._file("cpuacct", "cpuacct.usage_user")),
                "system": files.number(self._file("cpuacct", "cpuacct.usage_sys")),
                "periods": cpu.get("nr_periods", 0),
                "throttled_periods": cpu.get("nr_throttled", 0),
                "throttled": cpu.get("throttled_time", 0),
            },
            "pids": {
                "current": files.number(self._file("pids", "pids.current")),
                "limit": files.number(self._file("pids", "pids.max")),
            },
            "io": self._io(),
            "oom_kills": self.oom_kills(),
        }

    def _io(self) -> list[DeviceIo]:
        devices: dict[str, DeviceIo] = {}
        for name, read_key, write_key in (
            ("blkio.throttle.io_service_bytes", "read_bytes", "write_bytes"),
            ("blkio.throttle.io_serviced", "reads", "writes"),
        ):
            for line in files.read(self._file("blkio", name)).splitlines():
                words = line.split()
                if len(words) != 3:
                    continue
                entry = devices.setdefault(words[0], empty_io(words[0]))
                if words[1] == "Read":
                    entry[read_key] = int(words[2])  # type: ignore[literal-required]
                elif words[1] == "Write":
                    entry[write_key] = int(words[2])  # type: ignore[literal-required]
        return list(devices.values())

    def mount_points(self) -> list[tuple[str, str, tuple[tuple[str, str | None], ...], str]]:
        shared: dict[str, list[str]] = {}
        for name, folder in self._folders.items():
            shared.setdefault(folder, []).append(name)
        return [
            (",".join(names), "cgroup", tuple((name, None) for name in names), folder)
            for folder, names in shared.items()
        ]


def empty_io(device: str) -> DeviceIo:
    """Zeros for "major:minor"."""
    major, _, minor = device.partition(":")
    return {
        "major": int(major),
        "minor": int(minor),
        "read_bytes": 0,
        "write_bytes": 0,
        "reads": 0,
        "writes": 0,
    }


def device_line(rule: dict[str, Any]) -> str:
    """ "c 1:3 rwm" from an OCI device rule; a type, major or minor that is left out or negative is any."""
    kind = rule.get("type") or "a"
    major, minor = rule.get("major"), rule.get("minor")
    numbers = ":".join("*" if n is None or n < 0 else str(n) for n in (major, minor))
    if kind == "a" and numbers == "*:*":
        return "a"
    return f"{kind} {numbers} {rule.get('access') or 'rwm'}"
