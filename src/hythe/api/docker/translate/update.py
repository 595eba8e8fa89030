"""POST /containers/{id}/update: which host options change. Zeros and absent fields leave them alone."""

from __future__ import annotations

from hythe.api.docker.translate.create import restart_policy
from hythe.api.docker.translate.refusals import check_resources
from hythe.api.docker.types.host import UpdateRequest
from hythe.errors import InvalidArgument, Unsupported

_PLAIN = (
    "cpu_shares", "cpu_period", "cpu_quota", "cpuset_cpus", "cpuset_mems", "memory", "memory_swap",
    "memory_reservation", "nano_cpus",
)  # fmt: skip


def changes(body: UpdateRequest) -> dict[str, object]:
    """Values by the names of `HostOptions`."""
    check_resources(body)
    for name, value in (
        ("Devices", body.devices),
        ("Ulimits", body.ulimits),
        ("CgroupParent", body.cgroup_parent),
    ):
        if value:
            raise Unsupported(f"{name} of a container cannot be changed", hint="make it anew")
    result: dict[str, object] = {
        name: getattr(body, name) for name in _PLAIN if getattr(body, name) not in (0, "")
    }
    if body.nano_cpus and (body.cpu_quota or body.cpu_period):
        raise InvalidArgument("Conflicting options: Nano CPUs and CPU Period or Quota cannot both be set.")
    if body.pids_limit is not None:
        result["pids_limit"] = max(body.pids_limit, 0)
    if body.restart_policy is not None and body.restart_policy.name:
        result["restart"] = restart_policy(body.restart_policy)
    return result
