"""LinuxContainerResources, in the names of the engine's HostOptions, and back.

0 is "not given" in both. Memory and swap together are limited to what is said for them, else to the memory alone: a
container of a pod does not swap unless it is told that it may.
"""

from __future__ import annotations

from typing import Any

from cri_api.v1 import api_pb2 as cri

from hythe.engine.model import HostOptions


def limits(asked: cri.LinuxContainerResources) -> dict[str, Any]:
    """Everything that an update may change, as far as it is given."""
    found: dict[str, Any] = {
        "cpu_period": asked.cpu_period,
        "cpu_quota": asked.cpu_quota,
        "cpu_shares": asked.cpu_shares,
        "memory": asked.memory_limit_in_bytes,
        "memory_swap": asked.memory_swap_limit_in_bytes or asked.memory_limit_in_bytes,
        "cpuset_cpus": asked.cpuset_cpus,
        "cpuset_mems": asked.cpuset_mems,
        "hugepage_limits": {one.page_size: one.limit for one in asked.hugepage_limits if one.limit},
        "unified": dict(asked.unified),
    }
    return {name: value for name, value in found.items() if value}


def told(host: HostOptions) -> cri.LinuxContainerResources:
    """What a container has now."""
    result = cri.LinuxContainerResources(
        cpu_period=host.cpu_period,
        cpu_quota=host.cpu_quota,
        cpu_shares=host.cpu_shares,
        memory_limit_in_bytes=host.memory,
        memory_swap_limit_in_bytes=max(0, host.memory_swap),
        oom_score_adj=host.oom_score_adj,
        cpuset_cpus=host.cpuset_cpus,
        cpuset_mems=host.cpuset_mems,
        hugepage_limits=[
            cri.HugepageLimit(page_size=size, limit=limit) for size, limit in host.hugepage_limits.items()
        ],
    )
    result.unified.update(host.unified)
    return result
