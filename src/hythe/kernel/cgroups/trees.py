"""Groups in trees that hythe itself does not use: other runtimes make one in every tree that is mounted.

Those are the named ones (systemd), those of controllers without limits for containers (net_cls, rdma), and version
2's beside version 1.
"""

from __future__ import annotations

import os

from hythe.kernel.cgroups import files


def mount_points(mountinfo: str) -> list[str]:
    """All control group trees of any kind, from /proc/self/mountinfo's text."""
    points = []
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        if right.partition(" ")[0] in ("cgroup", "cgroup2"):
            points.append(left.split()[4].replace("\\040", " "))
    return points


def remove_everywhere(path: str) -> None:
    """Remove the group `path` ("/a/b") and what is below it in every tree; nothing happens where it is not.

    Raises OSError where one is in use.
    """
    checked = files.checked_path(path)
    with open("/proc/self/mountinfo") as file:
        points = mount_points(file.read())
    for point in dict.fromkeys(points):
        if os.path.isdir(point + checked):  # noqa: PTH112
            files.remove_tree(point + checked)
