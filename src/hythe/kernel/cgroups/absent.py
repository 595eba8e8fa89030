"""No control groups that may be written: an ordinary user's daemon to which nothing is delegated.

A group is a name; nothing is made. Every limit that is asked for becomes a warning in dockerd's words. A
container's processes end with its pid namespace; there is nothing to freeze them with, and no figures.
"""

from __future__ import annotations

import errno
from typing import Final

from hythe.errors import Unsupported
from hythe.kernel.cgroups import files
from hythe.kernel.cgroups.interface import (
    CpuStatistics,
    Group,
    MemoryCounter,
    MemoryStatistics,
    Resources,
    Statistics,
    Support,
)

_REASON: Final = "no control group may be written by this user"
HINT: Final = "with systemd and control groups v2: systemd-run --user --scope -p Delegate=yes hythe daemon"


class LayoutAbsent:
    """See `interface.Layout`; `version` is what others have here."""

    can_rename = False

    def __init__(self, version: int = 2) -> None:
        self.version = version

    def group(self, path: str, resources: Resources | None = None) -> Group:
        return GroupAbsent(files.checked_path(path))

    def usual(self, resources: Resources) -> bool:
        return True

    def support(self) -> Support:
        return Support(*[False] * len(Support._fields))

    def make_room(self) -> None:
        return


class GroupAbsent:
    """See `interface.Group`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def create(self) -> None:
        return

    def open(self) -> int:
        return -1

    def adopt(self, former: str) -> None:
        return

    def below(self, parts: dict[str, str]) -> Group:
        raise Unsupported(f"there are no groups to join here: {_REASON}", hint=HINT)

    def limit(self, resources: Resources) -> list[str]:
        return [
            f"Your kernel does not support {name} limits or the cgroup is not mounted. Limitation discarded."
            for name, value in resources.items()
            if value and name != "devices"
        ]

    def join(self, pid: int = 0, *, beside: int = 0) -> None:
        return

    def leave(self) -> None:
        return

    def freeze(self) -> None:
        raise Unsupported(f"a container cannot be paused here: {_REASON}", hint=HINT)

    def thaw(self) -> None:
        return

    def frozen(self) -> bool:
        return False

    def kill(self) -> None:
        return

    def processes(self) -> list[int]:
        return []

    def statistics(self) -> Statistics:
        counter = MemoryCounter(usage=0, max_usage=0, limit=0, failures=0)
        cpu = CpuStatistics(
            usage=0,
            user=0,
            system=0,
            by_processor=[],
            periods=0,
            throttled_periods=0,
            throttled=0,
            bursts=0,
            burst=0,
        )
        memory = MemoryStatistics(
            **counter, cache=0, with_swap=counter, kernel=counter, kernel_tcp=counter, stat={}
        )
        return Statistics(
            memory=memory,
            cpu=cpu,
            cpuset={},
            pids={"current": 0, "limit": 0},
            io=[],
            hugetlb={},
            rdma={},
            oom_kills=0,
        )

    def oom_kills(self) -> int:
        return 0

    def watch_oom(self) -> tuple[int, int]:
        raise OSError(errno.ENOENT, _REASON)

    def remove(self) -> None:
        return

    def mount_points(self) -> list[tuple[str, str, tuple[tuple[str, str | None], ...], str]]:
        return []
