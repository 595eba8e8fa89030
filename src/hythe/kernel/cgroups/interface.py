"""What one container's control group can do, whichever version the kernel has mounted.

Life: `create` makes it, `limit` sets limits (again at any time), `join` moves the calling process in, `kill`,
`freeze` and `thaw` act on all of its processes, `remove` takes it away with everything below. Nothing here
keeps state but the path, so a group is found again by its path after a restart.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypedDict

Resources = dict[str, Any]
"""OCI `linux.resources` (config-linux.md, Control groups)."""


class MemoryCounter(TypedDict):
    """Bytes; `limit` 0 means none. `failures`: how often the limit was met."""

    usage: int
    max_usage: int
    limit: int
    failures: int


class MemoryStatistics(MemoryCounter):
    """`with_swap` counts memory and swap together on both versions; `kernel` and `kernel_tcp` are parts of
    `usage`. `stat` is memory.stat as the kernel gives it.
    """

    cache: int
    with_swap: MemoryCounter
    kernel: MemoryCounter
    kernel_tcp: MemoryCounter
    stat: dict[str, int]


class CpuStatistics(TypedDict):
    """Nanoseconds, and counts of enforcement periods. By processor (user, system): version 1 only."""

    usage: int
    user: int
    system: int
    by_processor: list[tuple[int, int]]
    periods: int
    throttled_periods: int
    throttled: int
    bursts: int
    burst: int


class PidsStatistics(TypedDict):
    current: int
    limit: int


class DeviceIo(TypedDict):
    """Bytes and operations since the group was made."""

    major: int
    minor: int
    read_bytes: int
    write_bytes: int
    reads: int
    writes: int


class HugePages(TypedDict):
    """Bytes of one size of page; `limit` 0 means none."""

    usage: int
    max_usage: int
    limit: int
    failures: int


class Rdma(TypedDict):
    """What is used of one device; a limit of 0 means none."""

    handles: int
    handles_limit: int
    objects: int
    objects_limit: int


class Statistics(TypedDict):
    """`cpuset` has lists like "0-3"; `hugetlb` is by size ("2MB"), `rdma` by device."""

    memory: MemoryStatistics
    cpu: CpuStatistics
    cpuset: dict[str, str]
    pids: PidsStatistics
    io: list[DeviceIo]
    hugetlb: dict[str, HugePages]
    rdma: dict[str, Rdma]
    oom_kills: int


class Support(NamedTuple):
    """Which limits a group below `Layout`'s top can have: what the kernel has and lets us use."""

    memory: bool
    swap: bool
    swappiness: bool
    oom_kill_disable: bool
    cpu_shares: bool
    cpu_quota: bool
    cpu_realtime: bool
    cpuset: bool
    pids: bool
    io_weight: bool
    io_throttle: bool


class Group(Protocol):
    """One group. All raise OSError with the path, and InvalidArgument for limits that the kernel refuses."""

    path: str

    def create(self) -> None:
        """Make it; an existing one is used."""

    def open(self) -> int:
        """A descriptor for clone3(2) to bear a process into, or -1 where there is no such thing (version 1)."""

    def adopt(self, former: str) -> None:
        """Make it out of the group at `former`, with the processes in that; same parent. Version 1 only."""

    def below(self, parts: dict[str, str]) -> Group:
        """For joining: this group, but in a controller's tree, or in all for "", the existing one below it at a path
        ("/a", or "" for itself). Raises InvalidArgument for a controller without a tree of its own, NotFound.
        """

    def limit(self, resources: Resources) -> list[str]:
        """Set what `resources` names and nothing else, also while processes run in it. Nothing has been set when
        Unsupported is raised for what the machine lacks. Returns warnings, for what has no effect.
        """

    def join(self, pid: int = 0, *, beside: int = 0) -> None:
        """Move a process of one thread in; 0 is the calling one.

        `beside`: a process that is in it, or in a group that it has made below: that is joined where this one can take
        no more processes, since it limits groups of its own (version 2; an init system does so).
        """

    def leave(self) -> None:
        """Move the calling process to the top of each tree, so that the group can be removed."""

    def freeze(self) -> None:
        """Stop every process; returns when they are stopped. Raises OSError ETIMEDOUT, with all of them running
        again, where that takes too long.
        """

    def thaw(self) -> None: ...

    def frozen(self) -> bool:
        """Whether its processes are stopped, or are to be, as the kernel says."""

    def kill(self) -> None:
        """SIGKILL to every process in it and below, also if frozen."""

    def processes(self) -> list[int]:
        """Pids in it and below; those of other pid namespaces as seen from here."""

    def statistics(self) -> Statistics: ...

    def oom_kills(self) -> int:
        """How many processes the kernel has killed in it for want of memory."""

    def watch_oom(self) -> tuple[int, int]:
        """(descriptor, epoll event mask) that tells of lacking memory. Raises OSError without one."""

    def remove(self) -> None:
        """Remove it and what is below; nothing to do where it is gone.

        Raises OSError EBUSY while it is in use.
        """

    def mount_points(self) -> list[tuple[str, str, tuple[tuple[str, str | None], ...], str]]:
        """For a view inside a container: (name below /sys/fs/cgroup or "", type, options, folder on the
        host).
        """


class Layout(Protocol):
    """What is mounted. `version` is 1 or 2."""

    version: int
    can_rename: bool

    def group(self, path: str, resources: Resources | None = None) -> Group:
        """The group at `path` ("/a/b", from the top of each tree); `resources`: limits it will get.

        Raises InvalidArgument, and Unsupported for a limit that is known to be impossible here.
        """

    def usual(self, resources: Resources) -> bool:
        """Whether a group for them is in no other trees than one without limits."""

    def support(self) -> Support:
        """What limits there can be."""

    def make_room(self) -> None:
        """Let groups below the top have limits, if it takes moving the processes in it. Raises OSError."""
