"""Which limits the trees of version 1 that are mounted can hold, read off the files at their tops."""

# ruff: noqa: PTH110
from __future__ import annotations

import os

from hythe.kernel.cgroups.interface import Support


def support(controllers: dict[str, str]) -> Support:
    """`controllers` maps a controller to its mount point."""

    def has(controller: str, *names: str) -> bool:
        point = controllers.get(controller)
        return point is not None and any(os.path.exists(f"{point}/{name}") for name in names)

    return Support(
        memory=has("memory", "memory.limit_in_bytes"),
        swap=has("memory", "memory.memsw.limit_in_bytes"),
        swappiness=has("memory", "memory.swappiness"),
        oom_kill_disable=has("memory", "memory.oom_control"),
        cpu_shares=has("cpu", "cpu.shares"),
        cpu_quota=has("cpu", "cpu.cfs_quota_us"),
        cpu_realtime=has("cpu", "cpu.rt_runtime_us"),
        cpuset="cpuset" in controllers,
        pids="pids" in controllers,
        # The weight of BFQ is in groups below the top only, its figures are at the top too.
        io_weight=has("blkio", "blkio.weight", "blkio.bfq.weight", "blkio.bfq.io_serviced"),
        io_throttle=has("blkio", "blkio.throttle.read_bps_device"),
    )
