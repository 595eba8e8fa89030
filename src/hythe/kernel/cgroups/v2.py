"""Control groups version 2: one tree, controllers enabled on the way down, devices by a BPF program.

A controller is there in a group when every ancestor lists it in cgroup.subtree_control, which `create` sees
to. A controller that cannot be enabled (the ancestor holds processes itself, or it is not delegated) is
passed over, and a limit that needs it is refused by name. Only the machine's top may have both processes and
groups that are limited: where hythe runs in a container, `make_room` moves that one's processes down.
Freezing, killing and emptiness have files and events of their own here; the limits are in `v2_limits`, the
figures in `v2_statistics`.
Source: Documentation/admin-guide/cgroup-v2.rst of the kernel.
"""

# ruff: noqa: PTH102, PTH103, PTH110, PTH112
from __future__ import annotations

import errno
import os
import select
import signal
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel.cgroups import devices, files, v2_limits
from hythe.kernel.cgroups.settings import setting, write_all
from hythe.kernel.cgroups.v2_limits import CPU_MAX, UNCHANGED

if TYPE_CHECKING:
    from hythe.kernel.cgroups.interface import Group, Resources, Statistics, Support

WANTED: Final = ("cpu", "memory", "pids", "cpuset", "io", "hugetlb", "rdma", "misc")
_OWN: Final = "init"
_FREEZE_SECONDS: Final = 2.0


class LayoutV2:
    """`top` is where the tree is mounted."""

    version = 2
    can_rename = False

    def __init__(self, top: str) -> None:
        self.top = top

    def group(self, path: str, resources: Resources | None = None) -> Group:
        needed = v2_limits.controllers(resources or {})
        return GroupV2(self.top, files.checked_path(path), dict.fromkeys([*WANTED, *needed]))

    def usual(self, resources: Resources) -> bool:
        """There is one tree."""
        return True

    def support(self) -> Support:
        from hythe.kernel.cgroups import v2_support

        return v2_support.support(self.top)

    def make_room(self, first: str = "/proc/1/cgroup") -> None:
        """Move every process of the container that we are in from its top into a group below, as docker:dind and
        podman do. `first` tells whether it is one: process 1 of a container is in the tree that it sees. A control
        group namespace alone has somebody else's processes in it, which stay; limits become warnings there.
        """
        if not os.path.exists(f"{self.top}/cgroup.type") or not files.read(f"{self.top}/cgroup.procs"):
            return
        if "::/.." in files.read(first):  # cgroup_namespaces(7): outside of our namespace's root
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

    def __init__(self, top: str, path: str, wanted: Iterable[str]) -> None:
        self.path = path
        self._wanted = tuple(wanted)
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
        kind = files.read(f"{folder}/cgroup.type").strip()
        if kind.startswith("threaded") or kind == "domain invalid":
            raise Unsupported(
                f"the control group {self.path} cannot hold a container: it is below a threaded one ({kind})",
                hint="choose a cgroupsPath elsewhere",
            )

    def _enable(self, folder: str) -> None:
        available = files.read(f"{folder}/cgroup.controllers").split()
        enabled = files.read(f"{folder}/cgroup.subtree_control").split()
        wanted = [name for name in self._wanted if name in available and name not in enabled]
        if not wanted or not self._has_room(folder):
            return  # limit() refuses the limits that are lost by it
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

    def open(self) -> int:
        return os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def adopt(self, former: str) -> None:
        raise Unsupported(f"control groups version 2 cannot rename {former} to {self.path}")

    def below(self, parts: dict[str, str]) -> Group:
        for controller in parts:
            if controller:
                raise InvalidArgument(
                    f"there is no tree for {controller} alone in control groups version 2",
                    hint="leave out the controllers",
                )
        files.existing(self._folder + parts[""])
        return GroupV2(self._top, self.path + parts[""], self._wanted)

    def join(self, pid: int = 0, *, beside: int = 0) -> None:
        try:
            files.write(f"{self._folder}/cgroup.procs", pid)
        except OSError as error:
            below = self._below(beside) if beside and error.errno == errno.EBUSY else ""
            if not below:
                raise
            files.write(f"{self._top}{below}/cgroup.procs", pid)

    def _below(self, pid: int) -> str:
        """The group of a process, if it is below this one; else ""."""
        path = files.read(f"/proc/{pid}/cgroup").rpartition("0::")[2].strip()
        return path if path.startswith(f"{self.path}/") else ""

    def leave(self) -> None:
        files.write(f"{self._top}/cgroup.procs", 0)

    # ---- limits ---------------------------------------------------------------------------------

    def limit(self, resources: Resources) -> list[str]:
        chosen = [
            setting(one.controller, one.field, CPU_MAX, self._cpu_max(one.choices[0][1]))
            if one.choices[0][0] == CPU_MAX and UNCHANGED in one.choices[0][1]
            else one
            for one in v2_limits.settings(resources)
        ]
        if (resources.get("memory") or {}).get("checkBeforeUpdate"):
            files.check_usage(f"{self._folder}/memory.current", resources["memory"])
        if resources.get("devices"):
            devices.replace(self._folder, resources["devices"])
        present = files.read(f"{self._folder}/cgroup.controllers").split()
        write_all(chosen, lambda name: self._folder if name in present or name == "cgroup" else None)
        return v2_limits.warnings(resources)

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
        """Waits for "frozen 1" by the event of cgroup.events; a process in the kernel may take longer."""
        descriptor = os.open(f"{self._folder}/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
        try:
            poller = select.poll()
            poller.register(descriptor, select.POLLPRI)
            files.write(f"{self._folder}/cgroup.freeze", 1)
            end = time.monotonic() + _FREEZE_SECONDS
            while b"frozen 1" not in os.pread(descriptor, 4096, 0):
                left = end - time.monotonic()
                if left <= 0 or not poller.poll(left * 1000):
                    self.thaw()
                    raise OSError(errno.ETIMEDOUT, "not all of its processes could be stopped", self.path)
        finally:
            os.close(descriptor)

    def thaw(self) -> None:
        files.write(f"{self._folder}/cgroup.freeze", 0)

    def frozen(self) -> bool:
        return files.read(f"{self._folder}/cgroup.freeze").strip() == "1"

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
        from hythe.kernel.cgroups import v2_statistics

        return v2_statistics.oom_kills(self._folder)

    def watch_oom(self) -> tuple[int, int]:
        return os.open(f"{self._folder}/memory.events", os.O_RDONLY | os.O_CLOEXEC), select.EPOLLPRI

    def statistics(self) -> Statistics:
        from hythe.kernel.cgroups import v2_statistics

        return v2_statistics.statistics(self._folder)

    def mount_points(self) -> list[tuple[str, str, tuple[tuple[str, str | None], ...], str]]:
        return [("", "cgroup2", (), self._folder)]
