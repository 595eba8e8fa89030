"""The `linux.resources` object of config.json: what a container may use at most."""

from __future__ import annotations

from hythe.engine.model import HostOptions
from hythe.oci.spec import Resources


def resources(host: HostOptions) -> Resources:
    """Limits in the specification's units; what was not asked for is left out."""
    result: Resources = {}
    if host.memory or host.memory_reservation or host.memory_swap:
        memory = result.setdefault("memory", {})
        if host.memory:
            memory["limit"] = host.memory
            memory["swap"] = host.memory_swap or 2 * host.memory
        if host.memory_reservation:
            memory["reservation"] = host.memory_reservation
        if host.oom_kill_disable:
            memory["disableOOMKiller"] = True
    cpu = result.setdefault("cpu", {})
    if host.nano_cpus:
        cpu["period"], cpu["quota"] = 100_000, host.nano_cpus // 10_000
    elif host.cpu_quota:
        cpu["period"], cpu["quota"] = host.cpu_period or 100_000, host.cpu_quota
    if host.cpu_shares:
        cpu["shares"] = host.cpu_shares
    if host.cpuset_cpus:
        cpu["cpus"] = host.cpuset_cpus
    if host.cpuset_mems:
        cpu["mems"] = host.cpuset_mems
    if not cpu:
        del result["cpu"]
    if host.pids_limit > 0:
        result["pids"] = {"limit": host.pids_limit}
    return result
