"""A service as the request that creates one of its containers (Engine API, ContainerCreate)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hythe.client.config.limits import restart_policy
from hythe.compose.create_mounts import binds, files_to_bind, mounts
from hythe.compose.model import Attachment, BlockIO, Healthcheck, Project, Service

Json = dict[str, Any]


@dataclass(frozen=True)
class Identity:
    """What one container has beyond its service: name, labels, and what it takes over from another one.

    `volumes` are targets -> names of anonymous volumes to keep; `container` gives the id of the container of
    another service; `oneoff` containers publish no ports unless asked, and have no aliases.
    """

    name: str
    image: str
    labels: Mapping[str, str]
    container: Callable[[str], str]
    volumes: Mapping[str, str] = field(default_factory=dict)
    aliases: bool = True
    ports: bool = True
    stdin_once: bool = False


_NAMED: Final = {
    "CpuShares": "cpu_shares", "CpuQuota": "cpu_quota", "CpuPeriod": "cpu_period", "CpusetCpus": "cpuset",
    "CpuRealtimePeriod": "cpu_rt_period", "CpuRealtimeRuntime": "cpu_rt_runtime",
    "Memory": "mem_limit", "MemoryReservation": "mem_reservation", "MemorySwap": "memswap_limit",
    "MemorySwappiness": "mem_swappiness", "OomScoreAdj": "oom_score_adj", "PidsLimit": "pids_limit",
    "Privileged": "privileged", "ReadonlyRootfs": "read_only", "OomKillDisable": "oom_kill_disable",
    "Init": "init", "UTSMode": "uts", "UsernsMode": "userns_mode", "CgroupnsMode": "cgroup",
    "CgroupParent": "cgroup_parent", "Runtime": "runtime", "ShmSize": "shm_size",
    "CapAdd": "cap_add", "CapDrop": "cap_drop", "SecurityOpt": "security_opt", "GroupAdd": "group_add",
    "Dns": "dns", "DnsOptions": "dns_opt", "DnsSearch": "dns_search", "ExtraHosts": "extra_hosts",
    "DeviceCgroupRules": "device_cgroup_rules", "Sysctls": "sysctls", "StorageOpt": "storage_opt",
    "Annotations": "annotations",
}  # fmt: skip


def request(project: Project, service: Service, identity: Identity) -> Json:
    """ContainerConfig with HostConfig and NetworkingConfig; the first network only (see `further`)."""
    config: Json = {
        "Image": identity.image,
        "Env": [f"{name}={value}" for name, value in service.environment.items()],
        "Labels": {**service.labels, **identity.labels},
        "ExposedPorts": {key: {} for key in _exposed(service)},
        "Tty": service.tty,
        "OpenStdin": service.stdin_open,
        # Without it the end of our input would never reach the program of `run`.
        "StdinOnce": service.stdin_open and identity.stdin_once,
        "HostConfig": _host(project, service, identity),
    }
    optional = {
        "Cmd": _list(service.command), "Entrypoint": _list(service.entrypoint), "User": service.user,
        "WorkingDir": service.working_dir, "Hostname": service.hostname, "Domainname": service.domainname,
        "StopSignal": service.stop_signal, "MacAddress": service.mac_address,
        "Healthcheck": _health(service.healthcheck), "StopTimeout": stop_seconds(service),
    }  # fmt: skip
    config.update({key: value for key, value in optional.items() if value is not None})
    if service.networks:
        key = next(iter(service.networks))
        endpoint = endpoint_settings(service, key, identity)
        config["NetworkingConfig"] = {"EndpointsConfig": {project.networks[key].name: endpoint}}
    return config


def further(project: Project, service: Service, identity: Identity) -> list[tuple[str, Json]]:
    """(network name, EndpointSettings) of the networks after the first: API 1.43 takes one at creation."""
    return [
        (project.networks[key].name, endpoint_settings(service, key, identity))
        for key in list(service.networks)[1:]
    ]


def endpoint_settings(service: Service, key: str, identity: Identity) -> Json:
    """EndpointSettings: the container answers to its own name, its service's, and its aliases."""
    attachment: Attachment = service.networks[key]
    result: Json = {}
    if identity.aliases:
        result["Aliases"] = list(dict.fromkeys([identity.name, service.name, *attachment.aliases]))
    addresses = {
        "IPv4Address": attachment.ipv4_address, "IPv6Address": attachment.ipv6_address,
        "LinkLocalIPs": list(attachment.link_local_ips),
    }  # fmt: skip
    if any(addresses.values()):
        result["IPAMConfig"] = {name: value for name, value in addresses.items() if value}
    if attachment.mac_address:
        result["MacAddress"] = attachment.mac_address
    if attachment.driver_opts:
        result["DriverOpts"] = dict(attachment.driver_opts)
    return result


def stop_seconds(service: Service) -> int | None:
    """The grace period in whole seconds, rounded up."""
    return None if service.stop_grace_period is None else -(-service.stop_grace_period // 10**9)


def _host(project: Project, service: Service, identity: Identity) -> Json:
    host: Json = {}
    for name, field_name in _NAMED.items():
        value = getattr(service, field_name)
        if value is not None and value is not False and value != () and value != {}:
            host[name] = _list(value) if isinstance(value, tuple) else value
    if service.cpus is not None:
        host["NanoCpus"] = round(service.cpus * 10**9)
    host["Binds"] = binds(service)
    host["Mounts"] = [*mounts(project, service, identity.volumes), *files_to_bind(project, service)]
    host["Tmpfs"] = dict(_tmpfs(text) for text in service.tmpfs)
    host["RestartPolicy"] = restart_policy(service.restart or "no")
    host["NetworkMode"] = _network_mode(project, service, identity)
    for name, mode in (("IpcMode", service.ipc), ("PidMode", service.pid)):
        if mode is not None:
            host[name] = _shared(mode, identity)
    if identity.ports:
        host["PortBindings"] = _bindings(service)
    host.update(_devices(service))
    return host


def _devices(service: Service) -> Json:
    host: Json = {}
    if service.devices:
        host["Devices"] = [
            {"PathOnHost": one.source, "PathInContainer": one.target, "CgroupPermissions": one.permissions}
            for one in service.devices
        ]
    if service.ulimits:
        host["Ulimits"] = [
            {"Name": name, "Soft": one.soft, "Hard": one.hard} for name, one in service.ulimits.items()
        ]
    if service.logging is not None:
        host["LogConfig"] = {"Type": service.logging.driver, "Config": dict(service.logging.options)}
    if service.volumes_from:
        host["VolumesFrom"] = list(service.volumes_from)
    if service.blkio_config is not None:
        host.update(_block_io(service.blkio_config))
    return host


def _block_io(value: BlockIO) -> Json:
    host: Json = {}
    if value.weight is not None:
        host["BlkioWeight"] = value.weight
    if value.weight_device:
        host["BlkioWeightDevice"] = [{"Path": one.path, "Weight": one.weight} for one in value.weight_device]
    for name, rates in (
        ("BlkioDeviceReadBps", value.device_read_bps), ("BlkioDeviceReadIOps", value.device_read_iops),
        ("BlkioDeviceWriteBps", value.device_write_bps), ("BlkioDeviceWriteIOps", value.device_write_iops),
    ):  # fmt: skip
        if rates:
            host[name] = [{"Path": one.path, "Rate": one.rate} for one in rates]
    return host


def _network_mode(project: Project, service: Service, identity: Identity) -> str:
    if service.networks:
        return project.networks[next(iter(service.networks))].name
    return _shared(service.network_mode or "none", identity)


def _shared(mode: str, identity: Identity) -> str:
    """ "service:x" is the container of that service."""
    kind, _, other = mode.partition(":")
    return f"container:{identity.container(other)}" if kind == "service" else mode


def _exposed(service: Service) -> list[str]:
    return list(
        dict.fromkeys([f"{port.target}/{port.protocol}" for port in service.ports] + [*service.expose])
    )


def _bindings(service: Service) -> Json:
    bindings: dict[str, list[Json]] = {}
    for port in service.ports:
        bindings.setdefault(f"{port.target}/{port.protocol}", []).append(
            {"HostIp": port.host_ip, "HostPort": port.published}
        )
    return bindings


def _health(value: Healthcheck | None) -> Json | None:
    if value is None:
        return None
    if value.disable:
        return {"Test": ["NONE"]}
    named = {
        "Test": _list(value.test), "Interval": value.interval, "Timeout": value.timeout,
        "StartPeriod": value.start_period, "StartInterval": value.start_interval, "Retries": value.retries,
    }  # fmt: skip
    return {name: item for name, item in named.items() if item is not None}


def _tmpfs(text: str) -> tuple[str, str]:
    target, _, options = text.partition(":")
    return target, options


def _list(value: tuple[str, ...] | None) -> list[str] | None:
    return None if value is None else list(value)
