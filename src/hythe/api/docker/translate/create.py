"""A request to create a container, and to update one, in the engine's words."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Final, Literal, cast

from hythe.api.docker.translate.limits import limits
from hythe.api.docker.translate.mounts import mount_requests
from hythe.api.docker.translate.ports import from_bindings, normalised
from hythe.api.docker.translate.refusals import check_host
from hythe.api.docker.types.containers import CreateRequest, HealthConfig, StringOrList
from hythe.api.docker.types.host import HostConfig, RestartPolicyConfig
from hythe.api.docker.types.networks import EndpointConfig
from hythe.engine.containers.links import parsed
from hythe.engine.containers.logdrivers import CRI
from hythe.engine.model import (
    ContainerSpec,
    DeviceRequest,
    EndpointRequest,
    Healthcheck,
    HostOptions,
    LogOptions,
    RestartPolicy,
    Ulimit,
)
from hythe.errors import InvalidArgument

POLICIES: Final = ("no", "always", "unless-stopped", "on-failure")
MIN_PROBE: Final = 1_000_000
_SHM_DEFAULT: Final = 64 * 1024 * 1024
_SYSTEM_PATHS: Final = "systempaths=unconfined"
_LINK_LOCAL: Final = ip_network("169.254.0.0/16")
_MAC: Final = re.compile(r"^[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}$")


def container_spec(body: CreateRequest) -> ContainerSpec:
    """Raises InvalidArgument and Unsupported; nothing has been done then."""
    if not body.image:
        raise InvalidArgument("Config.Image is required: no image was given")
    host = host_options(body.host_config)
    return ContainerSpec(
        image=body.image,
        command=words(body.cmd),
        entrypoint=words(body.entrypoint),
        env=container_env(body.env),
        user=body.user,
        working_dir=body.working_dir,
        hostname=body.hostname,
        domainname=body.domainname,
        labels=body.labels,
        tty=body.tty,
        open_stdin=body.open_stdin,
        stdin_once=body.stdin_once,
        attach_stdin=body.attach_stdin,
        attach_stdout=body.attach_stdout,
        attach_stderr=body.attach_stderr,
        exposed_ports=sorted(normalised(port) for port in body.exposed_ports),
        volumes=sorted(body.volumes),
        stop_signal=body.stop_signal,
        stop_timeout=body.stop_timeout,
        healthcheck=health(body.healthcheck) if body.healthcheck else None,
        network_disabled=body.network_disabled,
        host=host,
        networks=_networks(body),
    )


def words(value: StringOrList | None) -> list[str] | None:
    """Docker takes one string for a list of one."""
    return [value] if isinstance(value, str) else value


def container_env(entries: list[str]) -> list[str]:
    """Raises InvalidArgument for an entry without a name."""
    for entry in entries:
        if not entry or entry.startswith("="):
            raise InvalidArgument(f"invalid environment variable: {entry!r}")
    return entries


def health(config: HealthConfig) -> Healthcheck:
    """Raises InvalidArgument for what dockerd refuses."""
    for name in ("interval", "timeout", "start_period", "start_interval"):
        if getattr(config, name) != 0 and getattr(config, name) < MIN_PROBE:
            word = "".join(part.capitalize() for part in name.split("_"))
            raise InvalidArgument(f"{word} in Healthcheck cannot be less than 1ms")
    if config.retries < 0:
        raise InvalidArgument("Retries in Healthcheck cannot be negative")
    if config.test and config.test[0] not in ("NONE", "CMD", "CMD-SHELL"):
        raise InvalidArgument(f"Unknown healthcheck type '{config.test[0]}'", hint="CMD, CMD-SHELL or NONE")
    return Healthcheck(
        test=config.test,
        interval=config.interval,
        timeout=config.timeout,
        start_period=config.start_period,
        start_interval=config.start_interval,
        retries=config.retries,
    )


def _networks(body: CreateRequest) -> dict[str, EndpointRequest]:
    """By name; the older Config.MacAddress belongs to the network of NetworkMode."""
    configs = body.networking_config.endpoints_config
    result = {name: endpoint(config) for name, config in configs.items()}
    if body.host_config.links and _own_network(body.host_config):
        request = result.setdefault(body.host_config.network_mode, EndpointRequest())
        request.links = list(dict.fromkeys([*request.links, *_links(body.host_config)]))
    if body.mac_address:
        main = body.host_config.network_mode or "default"
        request = result.setdefault(main, EndpointRequest())
        if request.mac and request.mac != body.mac_address:
            raise InvalidArgument("the container-wide MAC address must match that of its main network")
        request.mac = _mac(body.mac_address)
    return result


def endpoint(config: EndpointConfig) -> EndpointRequest:
    """One EndpointSettings as far as it is a request."""
    for link in config.links:
        parsed(link)
    for address in config.ipam_config.link_local_ips:
        _check_link_local(address)
    return EndpointRequest(
        aliases=config.aliases,
        ipv4=config.ipam_config.ipv4_address or None,
        ipv6=config.ipam_config.ipv6_address or None,
        mac=_mac(config.mac_address) if config.mac_address else None,
        driver_options=config.driver_opts,
        link_local=config.ipam_config.link_local_ips,
        links=config.links,
    )


def _check_link_local(text: str) -> None:
    try:
        good = ip_address(text) in _LINK_LOCAL
    except ValueError:
        good = False
    if not good:
        raise InvalidArgument(f"invalid link-local IP address: {text}", hint=f"an address of {_LINK_LOCAL}")


def _own_network(config: HostConfig) -> bool:
    """Whether its main network is one that a user made, where links are names."""
    return config.network_mode not in ("", "default", "bridge")


def _links(config: HostConfig) -> list[str]:
    if config.network_mode in ("host", "none") or config.network_mode.startswith("container:"):
        if config.links:
            raise InvalidArgument(
                f"conflicting options: {config.network_mode} type networking can't be used with links. This would "
                "result in undefined behavior"
            )
        return []
    return [":".join(parsed(link)) for link in config.links]


def _mac(text: str) -> str:
    if not _MAC.match(text):
        raise InvalidArgument(f"invalid MAC address: {text!r}")
    return text.lower().replace("-", ":")


def restart_policy(config: RestartPolicyConfig) -> RestartPolicy:
    name = config.name or "no"
    if name not in POLICIES:
        raise InvalidArgument(
            f"invalid restart policy: unknown policy '{name}'", hint=f"use one of {', '.join(POLICIES)}"
        )
    if config.maximum_retry_count and name != "on-failure":
        raise InvalidArgument(
            "invalid restart policy: maximum retry count can only be used with 'on-failure'"
        )
    if config.maximum_retry_count < 0:
        raise InvalidArgument("invalid restart policy: maximum retry count cannot be negative")
    known = cast(Literal["no", "always", "unless-stopped", "on-failure"], name)
    return RestartPolicy(known, config.maximum_retry_count)


def host_options(config: HostConfig) -> HostOptions:
    """HostConfig; what VolumesFrom brings is added by whoever can look at other containers."""
    check_host(config)
    security = list(config.security_opt)
    if config.masked_paths == [] and config.readonly_paths == [] and _SYSTEM_PATHS not in security:
        security.append(_SYSTEM_PATHS)
    return HostOptions(
        mounts=mount_requests(config),
        ports=from_bindings(config.port_bindings),
        publish_all=config.publish_all_ports,
        network_mode=config.network_mode or "default",
        restart=restart_policy(config.restart_policy),
        auto_remove=config.auto_remove,
        **limits(config),
        oom_score_adj=config.oom_score_adj,
        privileged=config.privileged,
        cap_add=config.cap_add,
        cap_drop=config.cap_drop,
        security_opt=security,
        read_only=config.readonly_rootfs,
        shm_size=_shm_size(config.shm_size),
        ulimits=[Ulimit(limit.name, limit.soft, limit.hard) for limit in config.ulimits],
        sysctls=config.sysctls,
        dns=config.dns,
        dns_search=config.dns_search,
        dns_options=config.dns_options,
        extra_hosts=[_extra_host(entry) for entry in config.extra_hosts],
        devices=[
            DeviceRequest(d.path_on_host, d.path_in_container or d.path_on_host, d.cgroup_permissions)
            for d in config.devices
        ],
        group_add=config.group_add,
        init=config.init,
        pid_mode=config.pid_mode,
        ipc_mode=config.ipc_mode,
        uts_mode=_uts_mode(config.uts_mode),
        userns_mode=config.userns_mode,
        cgroup_parent=config.cgroup_parent,
        cgroupns_mode=config.cgroupns_mode,
        runtime=config.runtime,
        isolation=config.isolation,
        volume_driver=config.volume_driver,
        volumes_from=config.volumes_from,
        links=_links(config) if not _own_network(config) else [],
        log=_log(config),
    )


def _log(config: HostConfig) -> LogOptions:
    """Without the driver that is for CRI alone: its file is anywhere on the host."""
    driver = config.log_config.type or LogOptions().driver
    if driver == CRI:
        raise InvalidArgument(f"logger: no log driver named '{driver}' is registered")
    return LogOptions(driver, config.log_config.config)


def _uts_mode(mode: str) -> str:
    """The engine can share a container's host name with another, Docker cannot."""
    if mode not in ("", "host"):
        raise InvalidArgument(f"invalid UTS mode: {mode}", hint="write host, or leave it out")
    return mode


def _shm_size(size: int) -> int:
    if size < 0:
        raise InvalidArgument("SHM size can not be less than 0")
    return size or _SHM_DEFAULT


def _extra_host(entry: str) -> str:
    name, separator, address = entry.partition(":")
    if not separator or not name or not address:
        raise InvalidArgument(f"bad format for add-host: {entry!r}", hint="write HOST:ADDRESS")
    return entry
