"""A ContainerConfig as the engine's container, which shares its pod's namespaces."""

from __future__ import annotations

import os
from typing import Final

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.records import Pod, container_extension
from hythe.api.cri.translate import security
from hythe.api.cri.translate.mounts import devices, mount_requests
from hythe.api.cri.translate.resources import limits
from hythe.engine.containers.logdrivers import CRI
from hythe.engine.model import ContainerSpec, Healthcheck, HostOptions, LogOptions
from hythe.errors import InvalidArgument, Unsupported

_NO_CHECK: Final = Healthcheck(test=["NONE"])
"""An image's own health check is Docker's; the kubelet has probes."""


def container_spec(request: cri.CreateContainerRequest, pod: Pod, image: str, target: str) -> ContainerSpec:
    """`image` is its id, `target` the container whose processes are to be seen, where the pid mode is TARGET.

    Raises InvalidArgument, Unsupported.
    """
    config = request.config
    _check(config)
    context = config.linux.security_context
    return ContainerSpec(
        image=image,
        command=list(config.args) or None,
        entrypoint=list(config.command) or None,
        env=[f"{entry.key}={_text(entry.value)}" for entry in config.envs],
        user=security.user(context),
        working_dir=config.working_dir,
        labels=dict(config.labels) | _own_labels(config, pod),
        tty=config.tty,
        open_stdin=config.stdin,
        stdin_once=config.stdin_once,
        healthcheck=_NO_CHECK,
        stop_signal=_stop_signal(config),
        host=_host(config, pod, target),
        extension=container_extension(request, pod.record.id),
    )


def _text(value: str | bytes) -> str:
    """Bytes in the newer versions of the interface."""
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else value


def _check(config: cri.ContainerConfig) -> None:
    if not config.metadata.name:
        raise InvalidArgument("container config metadata: name is required")
    if config.HasField("windows"):
        raise Unsupported("a container with Windows options is not supported")
    if config.CDI_devices:
        raise Unsupported(f"CDI device {config.CDI_devices[0].name}: CDI is not supported")
    context = config.linux.security_context
    if context.capabilities.add_ambient_capabilities:
        raise Unsupported("add_ambient_capabilities is not supported")
    security.check_selinux(context.selinux_options)


def log_path(config: cri.ContainerConfig, pod: cri.PodSandboxConfig) -> str:
    """Where the log goes on the host, "" for nowhere."""
    if not config.log_path or not pod.log_directory:
        return ""
    path = os.path.normpath(os.path.join(pod.log_directory, config.log_path))
    if config.log_path.startswith("/") or not path.startswith(os.path.normpath(pod.log_directory) + "/"):
        raise InvalidArgument(f"log_path {config.log_path!r} is not below the pod's log directory")
    return path


def _own_labels(config: cri.ContainerConfig, pod: Pod) -> dict[str, str]:
    """What dockershim said of a container to those who look at it with docker."""
    labels = {"io.kubernetes.docker.type": "container", "io.kubernetes.sandbox.id": pod.record.id}
    path = log_path(config, pod.config)
    return labels | ({"io.kubernetes.container.logpath": path} if path else {})


def _stop_signal(config: cri.ContainerConfig) -> str:
    """ "" for the image's. Numbers of the real-time signals are as glibc has them."""
    name = cri.Signal.Name(config.stop_signal)
    return "" if name == "RUNTIME_DEFAULT" else name.replace("PLUS", "+").replace("MINUS", "-")


def _host(config: cri.ContainerConfig, pod: Pod, target: str) -> HostOptions:
    context = config.linux.security_context
    privileged = context.privileged
    if privileged and not pod.config.linux.security_context.privileged:
        raise InvalidArgument("no privileged container allowed in sandbox")
    owner = f"container:{pod.record.id}"
    path = log_path(config, pod.config)
    return HostOptions(
        mounts=mount_requests(config.mounts),
        devices=devices(config.devices),
        network_mode=owner,
        ipc_mode=owner,
        uts_mode=owner,
        pid_mode=_pid_mode(context.namespace_options, owner, target),
        userns_mode=pod.record.spec.host.userns_mode,
        cgroupns_mode="host" if privileged else "",
        cgroup_parent=pod.config.linux.cgroup_parent,
        privileged=privileged,
        cap_add=_capabilities(context.capabilities.add_capabilities),
        cap_drop=_capabilities(context.capabilities.drop_capabilities),
        security_opt=_options(context),
        read_only=context.readonly_rootfs,
        masked_paths=list(context.masked_paths) or None,
        readonly_paths=list(context.readonly_paths) or None,
        group_add=[str(number) for number in context.supplemental_groups],
        image_groups=context.supplemental_groups_policy != cri.Strict,
        oom_score_adj=config.linux.resources.oom_score_adj,
        log=LogOptions(CRI, {"path": path}) if path else LogOptions("none"),
        **limits(config.linux.resources),
    )


def _capabilities(names: object) -> list[str]:
    return [str(name) for name in names]  # type: ignore[attr-defined]


def _pid_mode(options: cri.NamespaceOption, owner: str, target: str) -> str:
    if options.pid == cri.POD:
        return owner
    if options.pid == cri.NODE:
        return "host"
    return f"container:{target}" if options.pid == cri.TARGET else ""


def _options(context: cri.LinuxContainerSecurityContext) -> list[str]:
    filter = context.seccomp if context.HasField("seccomp") else None
    confined = context.apparmor if context.HasField("apparmor") else None
    result = [] if context.privileged else [security.seccomp(filter, context.seccomp_profile_path)]
    result += security.confinement(confined, context.apparmor_profile)
    if context.no_new_privs:
        result.append("no-new-privileges")
    return result
