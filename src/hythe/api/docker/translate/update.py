"""POST /containers/{id}/update: which host options change. Zeros and absent fields leave them alone."""

from __future__ import annotations

from hythe.api.docker.translate.create import restart_policy
from hythe.api.docker.translate.limits import limits, unchangeable
from hythe.api.docker.translate.refusals import check_resources
from hythe.api.docker.types.host import UpdateRequest
from hythe.errors import Unsupported


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
    result: dict[str, object] = limits(body)
    for name in unchangeable(result):
        raise Unsupported(f"{name} of a container cannot be changed", hint="make it anew")
    if body.pids_limit == 0:
        result["pids_limit"] = -1
    if body.restart_policy is not None and body.restart_policy.name:
        result["restart"] = restart_policy(body.restart_policy)
    return result
