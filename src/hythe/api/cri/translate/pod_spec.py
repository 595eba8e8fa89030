"""A PodSandboxConfig as the engine's container that holds the namespaces.

Its program is ours and does nothing, so it needs neither rights nor masks nor a filter: what the sandbox's security
context says of users, profiles and capabilities holds for the containers, each of which says it again.
"""

from __future__ import annotations

import socket
from typing import Final

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.records import pod_extension
from hythe.api.cri.translate.security import check_selinux, ids, user_namespace
from hythe.engine import pause
from hythe.engine.model import ContainerSpec, HostOptions, LogOptions, PortBinding
from hythe.errors import InvalidArgument, Unsupported

_PROTOCOLS: Final = {cri.TCP: "tcp", cri.UDP: "udp"}
HANDLERS: Final = ("", "hythe")


def pod_spec(request: cri.RunPodSandboxRequest, network: str) -> ContainerSpec:
    """`network`: the engine's network for pods with one of their own. Raises InvalidArgument, Unsupported."""
    config = request.config
    _check(request)
    context = config.linux.security_context
    options = context.namespace_options
    on_host = options.network == cri.NODE
    root, size = ids(options)
    return ContainerSpec(
        image=pause.NAME,
        hostname=config.hostname or (socket.gethostname() if on_host else ""),
        labels=dict(config.labels) | {"io.kubernetes.docker.type": "podsandbox"},
        host=HostOptions(
            network_mode="host" if on_host else network,
            uts_mode="host" if on_host else "",
            pid_mode="host" if options.pid == cri.NODE else "",
            ipc_mode="host" if options.ipc == cri.NODE else "",
            userns_mode=user_namespace(options),
            userns_root=root,
            userns_size=size or 1 << 16,
            ports=[] if on_host else _ports(config),
            cgroup_parent=config.linux.cgroup_parent,
            sysctls=dict(config.linux.sysctls),
            dns=list(config.dns_config.servers),
            dns_search=list(config.dns_config.searches),
            dns_options=list(config.dns_config.options),
            own_dns=True,
            cap_drop=["ALL"],
            security_opt=["seccomp=unconfined", "no-new-privileges"],
            masked_paths=[],
            readonly_paths=[],
            oom_score_adj=-998,
            log=LogOptions("none"),
        ),
        extension=pod_extension(request),
    )


def _check(request: cri.RunPodSandboxRequest) -> None:
    config = request.config
    for word in ("name", "namespace", "uid"):
        if not getattr(config.metadata, word):
            raise InvalidArgument(f"sandbox config metadata: {word} is required")
    if request.runtime_handler not in HANDLERS:
        raise InvalidArgument(f'no runtime for "{request.runtime_handler}" is configured')
    if config.HasField("windows"):
        raise Unsupported("a sandbox with Windows options is not supported")
    context = config.linux.security_context
    check_selinux(context.selinux_options)
    if context.HasField("run_as_group") and not context.HasField("run_as_user"):
        raise InvalidArgument("user group is specified without user")
    if context.namespace_options.network == cri.CONTAINER:
        raise InvalidArgument("a sandbox cannot have the network namespace mode CONTAINER")


def _ports(config: cri.PodSandboxConfig) -> list[PortBinding]:
    """Those that are to be on the host; a port of the container alone is information."""
    found: list[PortBinding] = []
    for port in config.port_mappings:
        if port.host_port <= 0:
            continue
        if port.protocol not in _PROTOCOLS:
            raise Unsupported(f"port {port.host_port}: SCTP is not supported")
        if not 0 < port.container_port < 65536 or port.host_port > 65535:
            raise InvalidArgument(f"port mapping {port.host_port}:{port.container_port} is out of range")
        found.append(
            PortBinding(port.container_port, _PROTOCOLS[port.protocol], port.host_ip, port.host_port)
        )
    return found
