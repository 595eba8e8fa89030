"""Which control group trees are mounted, and where.

Read from /proc/self/mountinfo (proc_pid_mountinfo(5)): any v1 tree with a controller makes the machine v1;
else the cgroup2 mount is taken. A comounted tree (cpu,cpuacct) is listed under each of its controllers. In a user
namespace it is what has been handed down to us, if anything (`delegated`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hythe.errors import Unavailable
from hythe.kernel.identity import initial

if TYPE_CHECKING:
    from hythe.kernel.cgroups.interface import Layout

_V1_CONTROLLERS = frozenset(
    """memory pids cpu cpuacct cpuset devices freezer blkio hugetlb perf_event net_cls net_prio rdma
    misc""".split()
)


def parse_mountinfo(text: str) -> tuple[dict[str, str], str | None]:
    """({v1 controller: mount point}, cgroup2 mount point or None) from mountinfo's text."""
    controllers: dict[str, str] = {}
    unified: str | None = None
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, rest = right.partition(" ")
        if not kind.startswith("cgroup"):
            continue
        point = left.split()[4].replace("\\040", " ")
        if kind == "cgroup2":
            unified = unified or point
            continue
        for word in rest.split()[-1].split(","):
            if word in _V1_CONTROLLERS:
                controllers.setdefault(word, point)
    return controllers, unified


def detect(mountinfo: str = "/proc/self/mountinfo") -> Layout:
    """The machine's layout. Raises Unavailable where no control group tree is mounted.

    The code of the other version is never needed, and not imported.
    """
    with open(mountinfo) as file:
        controllers, unified = parse_mountinfo(file.read())
    if not initial():
        from hythe.kernel.cgroups import delegated

        return delegated.find(unified, version=1 if controllers else 2)
    if controllers:
        from hythe.kernel.cgroups.v1 import LayoutV1

        return LayoutV1(controllers)
    if unified is not None:
        from hythe.kernel.cgroups.v2 import LayoutV2

        return LayoutV2(unified)
    raise Unavailable(
        "no control group file system is mounted", hint="mount -t cgroup2 cgroup2 /sys/fs/cgroup"
    )
