"""HostConfig as `inspect` shows it: what was asked for, with every field that clients look for.

Fields that hythe refuses at creation are shown with the value that stands for "not asked for".
"""

from __future__ import annotations

from typing import Any

from hythe.api.docker.translate import mounts, ports
from hythe.api.docker.translate.limits import limits_json
from hythe.engine.bundle.document import MASKED, READONLY
from hythe.engine.model import HostOptions
from hythe.engine.security import SecurityOptions


def host_json(host: HostOptions) -> dict[str, Any]:
    """All of HostConfig."""
    return _places(host) | _rights(host) | _namespaces(host) | _limits(host) | _refused()


def _places(host: HostOptions) -> dict[str, Any]:
    return {
        "Binds": mounts.binds(host.mounts),
        "Mounts": mounts.mounts(host.mounts),
        "Tmpfs": mounts.tmpfs(host.mounts),
        "ContainerIDFile": "",
        "LogConfig": {"Type": host.log.driver, "Config": host.log.options},
        "NetworkMode": host.network_mode,
        "PortBindings": ports.to_bindings(host.ports),
        "PublishAllPorts": host.publish_all,
        "RestartPolicy": {"Name": host.restart.name, "MaximumRetryCount": host.restart.max_retries},
        "AutoRemove": host.auto_remove,
        "VolumeDriver": host.volume_driver,
        "VolumesFrom": host.volumes_from or None,
        "Dns": host.dns,
        "DnsOptions": host.dns_options,
        "DnsSearch": host.dns_search,
        "ExtraHosts": host.extra_hosts or None,
        "Links": None,
    }


def _rights(host: HostOptions) -> dict[str, Any]:
    unmask = SecurityOptions(host.security_opt, privileged=host.privileged).unmask
    return {
        "CapAdd": host.cap_add or None,
        "CapDrop": host.cap_drop or None,
        "GroupAdd": host.group_add or None,
        "Privileged": host.privileged,
        "ReadonlyRootfs": host.read_only,
        "SecurityOpt": host.security_opt or None,
        "Sysctls": host.sysctls,
        "Init": host.init,
        "MaskedPaths": None if unmask else MASKED,
        "ReadonlyPaths": None if unmask else READONLY,
        "Runtime": host.runtime or "hythe",
    }


def _namespaces(host: HostOptions) -> dict[str, Any]:
    return {
        "CgroupnsMode": host.cgroupns_mode or "private",
        "IpcMode": host.ipc_mode or "private",
        "PidMode": host.pid_mode,
        "UTSMode": host.uts_mode,
        "UsernsMode": host.userns_mode,
        "Cgroup": "",
        "CgroupParent": host.cgroup_parent,
        "Isolation": host.isolation,
        "ConsoleSize": [0, 0],
    }


def _limits(host: HostOptions) -> dict[str, Any]:
    return {
        **limits_json(host),
        "OomScoreAdj": host.oom_score_adj,
        "ShmSize": host.shm_size,
        "Ulimits": [{"Name": u.name, "Hard": u.hard, "Soft": u.soft} for u in host.ulimits],
        "Devices": [
            {
                "PathOnHost": device.host_path,
                "PathInContainer": device.container_path,
                "CgroupPermissions": device.permissions,
            }
            for device in host.devices
        ],
    }


def _refused() -> dict[str, Any]:
    return {
        "DeviceRequests": None,
        "CpuCount": 0,
        "CpuPercent": 0,
        "IOMaximumIOps": 0,
        "IOMaximumBandwidth": 0,
    }
