"""What a request must not say: out of range, contradictory, or dangerous. Checked before anything is made."""

from __future__ import annotations

import ipaddress
import posixpath
from typing import Final

from hythe.engine.containers import logdrivers
from hythe.engine.model import ContainerSpec, HostOptions, MountRequest
from hythe.engine.security import SecurityOptions, capabilities
from hythe.errors import InvalidArgument

_OPEN_PROC: Final = (
    "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo", "net/dev",
)  # fmt: skip


def check_mounts(requests: list[MountRequest]) -> None:
    """Targets: absolute, not the root, each once, and not in /proc, where a fake would blind the security checks."""
    targets = [posixpath.normpath(request.target) for request in requests]
    for request, target in zip(requests, targets, strict=True):
        if not request.target.startswith("/") or target.strip("/") == "":
            raise InvalidArgument(
                f"invalid mount target: {request.target!r} must be an absolute path other than /"
            )
        inside = target.removeprefix("/proc").lstrip("/") if f"{target}/".startswith("/proc/") else None
        if inside is not None and inside not in _OPEN_PROC:
            raise InvalidArgument(f"{request.target!r} cannot be mounted because it is inside /proc")
        if targets.count(target) > 1:
            raise InvalidArgument(f"Duplicate mount point: {target}", hint="mount one thing at each path")


def _check_places(host: HostOptions) -> None:
    if host.cgroupns_mode not in ("", "private", "host"):
        raise InvalidArgument(
            f"invalid cgroup namespace mode: {host.cgroupns_mode}", hint="write host or private"
        )
    if host.uts_mode not in ("", "host") and not host.uts_mode.startswith("container:"):
        raise InvalidArgument(f"invalid UTS mode: {host.uts_mode}", hint="write host, or leave it out")
    if any(part in (".", "..") for part in host.cgroup_parent.split("/")) or "\0" in host.cgroup_parent:
        raise InvalidArgument(f"invalid cgroup parent: {host.cgroup_parent!r}", hint="write it like /group")
    if not -1000 <= host.oom_score_adj <= 1000:
        raise InvalidArgument(f"Invalid value {host.oom_score_adj}, range for oom score adj is [-1000, 1000]")


def _check_names(host: HostOptions) -> None:
    for entry in host.extra_hosts:
        _, _, address = entry.replace("=", ":", 1).partition(":")
        if address != "host-gateway":
            _check_address(address.strip("[]"), f"invalid IP address in add-host: {address!r}")
    for address in host.dns:
        _check_address(address, f"bad DNS server address {address!r}")


def _check_address(text: str, problem: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError as error:
        raise InvalidArgument(problem) from error


def validate(spec: ContainerSpec) -> None:
    """Refuse what contradicts itself or the machine. Raises InvalidArgument."""
    host = spec.host
    capabilities(host.cap_add, host.cap_drop, privileged=host.privileged)
    SecurityOptions(host.security_opt, privileged=host.privileged)
    _check_places(host)
    _check_names(host)
    logdrivers.check(host.log)
    if host.auto_remove and host.restart.name != "no":
        raise InvalidArgument("can't create 'AutoRemove' container with restart policy")
    shares_network = host.network_mode == "host" or host.network_mode.startswith("container:")
    if host.network_mode.startswith("container:") and host.ports:
        raise InvalidArgument("conflicting options: port publishing and the container type network mode")
    further = spec.networks.keys() - {host.network_mode}
    if (shares_network or host.network_mode == "none") and further:
        raise InvalidArgument(
            f"conflicting options: the network mode {host.network_mode!r} and further networks "
            f"({', '.join(sorted(further))})"
        )
    if spec.working_dir and not spec.working_dir.startswith("/"):
        raise InvalidArgument(
            f"the working directory '{spec.working_dir}' is invalid, it needs to be an absolute path"
        )
