"""Control groups version 2: one tree, controllers enabled on the way down, devices by a BPF program.

A controller is there in a group when every ancestor lists it in cgroup.subtree_control, which `create` sees
to. A controller that cannot be enabled (the ancestor holds processes itself, or it is not delegated) is
passed over, and a limit that needs it becomes a warning. Only the machine's top may have both processes and
groups that are limited: where hythe runs in a container, `make_room` moves that one's processes down.
Freezing, killing and emptiness have files and events of their own here.
Source: Documentation/admin-guide/cgroup-v2.rst of the kernel.
"""

# ruff: noqa: PTH102, PTH103, PTH110, PTH112
from __future__ import annotations

import os
import select
import signal
import time
from typing import Any, Final

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel.cgroups import devices, files
from hythe.kernel.cgroups.interface import DeviceIo, Group, Resources, Statistics
from hythe.kernel.cgroups.v1 import empty_io

_WANTED: Final = ("cpu", "memory", "pids", "cpuset", "io")
_OWN: Final = "init"
_FREEZE_SECONDS: Final = 0.2


class LayoutV2:
    """`top` is where the tree is mounted."""

    version = 2
    can_rename = False

    def __init__(self, top: str) -> None:
        self.top = top

    def group(self, path: str, resources: Resources | None = None) -> Group:
        return GroupV2(self.top, files.checked_path(path))

    def make_room(self) -> None:
        if not os.path.exists(f"{self.top}/cgroup.type") or not files.read(f"{self.top}/cgroup.procs"):
            return
        os.makedirs(f"{self.top}/{_OWN}", exist_ok=True)
        for pid in files.read(f"{self.top}/cgroup.procs").split():
            if pid != "0":  # of no pid namespace that we see; written, 0 would mean ourselves
                try:
                    files.write(f"{self.top}/{_OWN}/cgroup.procs", pid)
                except OSError:
                    continue  # it has ended


class GroupV2:
    """See `interface.Group`."""

    def __init__(self, top: str, path: str) -> None:
        self.path = path
        self._top = top
        self._folder = top + path

    def create(self) -> None:
        folder = self._top
        for part in self.path.strip("/").split("/"):
            self._enable(folder)
            folder = f"{folder}/{part}"
            try:
                os.mkdir(folder)
            except FileExistsError:
                pass

    def _enable(self, folder: str) -> None:
        available = files.read(f"{folder}/cgroup.controllers").split()
        enabled = files.read(f"{folder}/cgroup.subtree_control").split()
        wanted = [name for name in _WANTED if name in available and name not in enabled]
        if not wanted or not self._has_room(folder):
            return  # limit() says which limits are lost by it
        for name in wanted:
            try:
                files.write(f"{folder}/cgroup.subtree_control", f"+{name}")
            except OSError:
                continue

    def _has_room(self, folder: str) -> bool:
        """Whether the groups below `folder` can be limited: a group with processes may not, except for the
        machine's top (which has no type). To try would even succeed for some controllers, and make all groups
        below unfit for processes ("domain invalid").
        """
        return not os.path.exists(f"{folder}/cgroup.type") or not files.read(f"{folder}/cgroup.procs")

    def adopt(self, former: str) -> None:
        raise Unsupported(f"control groups version 2 cannot rename {former} to {self.path}")

    def join(self, pid: int = 0) -> None:
        files.write(f"{self._folder}/cgroup.procs", pid)

    def leave(self) -> None:
        files.write(f"{self._top}/cgroup.procs", 0)

    # ---- limits ---------------------------------------------------------------------------------

    def limit(self, resources: Resources) -> list[str]:
        warnings: list[str] = []
        if resources.get("devices"):
            devices.replace(self._folder, resources["devices"])
        for name, value in translate(resources):
            if not os.path.exists(f"{self._folder}/{name}"):
                warnings.append(f"this control group has no {name}; the limit {value} was left out")
                continue
            if name == "cpu.max":
                value = self._cpu_max(value)
            files.write(f"{self._folder}/{name}", value)
        if (resources.get("memory") or {}).get("disableOOMKiller"):
            warnings.append("control groups version 2 cannot switch the OOM killer off; that was left out")
        return warnings

    def _cpu_max(self, value: str) -> str:
        """A period or quota that was not given ("-") stays as it is."""
        present = [*files.read(f"{self._folder}/cpu.max").split(), "max", "100000"][:2]
        given = value.split()
        return " ".join(old if new == "-" else new for new, old in zip(given, present, strict=True))

    # ---- all processes --------------------------------------------------------------------------

    def processes(self) -> list[int]:
        found: list[int] = []
        for folder in files.tree(self._folder):
            found += [int(pid) for pid in files.read(f"{folder}/cgroup.procs").split()]
        return found

    def freeze(self) -> None:
        """Waits for "frozen 1" by the event of cgroup.events; a process in the kernel may take longer than
        we do.
        """
        descriptor = os.open(f"{self._folder}/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
        try:
            poller = select.poll()
            poller.register(descriptor, select.POLLPRI)
            files.write(f"{self._folder}/cgroup.freeze", 1)
            end = time.monotonic() + _FREEZE_SECONDS
            while b"frozen 1" not in os.pread(descriptor, 4096, 0):
                left = end - time.monotonic()
                if left <= 0 or not poller.poll(left * 1000):
                    return
        finally:
            os.close(descriptor)

    def thaw(self) -> None:
        files.write(f"{self._folder}/cgroup.freeze", 0)

    def kill(self) -> None:
        """cgroup.kill (Linux 5.14), which also reaches frozen and just forked processes."""
        if not os.path.isdir(self._folder):
            return
        try:
            files.write(f"{self._folder}/cgroup.kill", 1)
        except FileNotFoundError:
            for pid in self.processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def remove(self) -> None:
        files.remove_tree(self._folder)

    # ---- figures --------------------------------------------------------------------------------

    def oom_kills(self) -> int:
        return files.table(f"{self._folder}/memory.events").get("oom_kill", 0)

    def watch_oom(self) -> tuple[int, int]:
        return os.open(f"{self._folder}/memory.events", os.O_RDONLY | os.O_CLOEXEC), select.EPOLLPRI

    def statistics(self) -> Statistics:
        folder = self._folder
        cpu = files.table(f"{folder}/cpu.stat")
        return {
            "memory": {
                "usage": files.number(f"{folder}/memory.current"),
                "max_usage": files.number(f"{folder}/memory.peak"),
                "limit": files.number(f"{folder}/memory.max"),
                "stat": files.table(f"{folder}/memory.stat"),
            },
            "cpu": {
                "usage": cpu.get("usage_usec", 0) * 1000,
                "user": cpu.get("user_usec", 0) * 1000,
                "system": cpu.get("system_usec", 0) * 1000,
                "periods": cpu.get("nr_periods", 0),
                "throttled_periods": cpu.get("nr_throttled", 0),
                "throttled": cpu.get("throttled_usec", 0) * 1000,
            },
            "pids": {
                "current": files.number(f"{folder}/pids.current"),
                "limit": files.number(f"{folder}/pids.max"),
            },
            "io": io_statistics(files.read(f"{folder}/io.stat")),
            "oom_kills": self.oom_kills(),
        }

    def mount_points(self) -> list[tuple[str, str, tuple[tuple[str, str | None], ...], str]]:
        return [("", "cgroup2", (), self._folder)]


def io_statistics(text: str) -> list[DeviceIo]:
    """io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ..."."""
    result: list[DeviceIo] = []
    for line in text.splitlines():
        device, *pairs = line.split()
        values = {
            key: int(value) for key, _, value in (pair.partition("=") for pair in pairs) if value.isdigit()
        }
        entry = empty_io(device)
        entry["read_bytes"], entry["write_bytes"] = values.get("rbytes", 0), values.get("wbytes", 0)
        entry["reads"], entry["writes"] = values.get("rios", 0), values.get("wios", 0)
        result.append(entry)
    return result


def _maximum(value: int) -> str:
    return "max" if value < 0 else str(value)


def weight(shares: int) -> int:
    """cpu.weight (1..10000) for v1's cpu.shares (2..262144), by the line that all runtimes use."""
    return 1 + (max(2, min(shares, 262144)) - 2) * 9999 // 262142


def translate(resources: Resources) -> list[tuple[str, str]]:
    """(file, value) for every limit in `resources`; devices apart. Raises InvalidArgument."""
    memory: dict[str, Any] = resources.get("memory") or {}
    cpu: dict[str, Any] = resources.get("cpu") or {}
    result: list[tuple[str, str]] = []
    limit, swap = memory.get("limit"), memory.get("swap")
    if limit is not None:
        result.append(("memory.max", _maximum(limit)))
    if swap is not None:
        result.append(("memory.swap.max", _swap_only(limit, swap)))
    if memory.get("reservation") is not None:
        result.append(("memory.low", _maximum(memory["reservation"])))
    if cpu.get("shares"):
        result.append(("cpu.weight", str(weight(cpu["shares"]))))
    if cpu.get("quota") or cpu.get("period"):
        quota, period = cpu.get("quota"), cpu.get("period")
        result.append(("cpu.max", f"{_maximum(quota) if quota else '-'} {period or '-'}"))
    result += [(f"cpuset.{key}", cpu[key]) for key in ("cpus", "mems") if cpu.get(key)]
    pids = (resources.get("pids") or {}).get("limit")
    if pids is not None:
        result.append(("pids.max", str(pids) if pids > 0 else "max"))
    for name, value in (resources.get("unified") or {}).items():
        if "/" in name or name.startswith("."):
            raise InvalidArgument(f"linux.resources.unified: {name!r} is not the name of a file")
        result.append((name, str(value)))
    return result


def _swap_only(limit: int | None, swap: int) -> str:
    """v1 and OCI count memory + swap together; v2 has a limit for swap alone."""
    if swap < 0:
        return "max"
    if limit is None or limit < 0:
        raise InvalidArgument("a limit for memory + swap needs a limit for memory")
    if swap < limit:
        raise InvalidArgument(f"the limit for memory + swap ({swap}) is below that for memory ({limit})")
    return str(swap - limit)
