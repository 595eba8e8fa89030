"""GET /containers/{id}/json: everything about one container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hythe.api.docker.translate.endpoints_json import network_settings
from hythe.api.docker.translate.host_json import host_json
from hythe.engine import apparmor
from hythe.engine.model import Container, Health, Healthcheck, HostOptions, MountPoint, State
from hythe.engine.security import SecurityOptions
from hythe.wire.times import format_time


@dataclass(frozen=True)
class Places:
    """What is known of a container outside of its record: files of the host, its execs and layers."""

    log: str = ""
    folder: str = ""
    execs: Sequence[str] = ()
    layers: Mapping[str, str] = field(default_factory=dict)
    sizes: tuple[int, int] | None = None


def container_json(container: Container, places: Places) -> dict[str, Any]:
    """The answer to inspect. `SizeRw` and `SizeRootFs` are there only if sizes were asked for."""
    result: dict[str, Any] = {
        "Id": container.id,
        "Created": format_time(container.created),
        "Path": container.args[0] if container.args else "",
        "Args": container.args[1:],
        "State": state_json(container.state),
        "Image": container.image_id,
        "ResolvConfPath": f"{places.folder}/resolv.conf",
        "HostnamePath": f"{places.folder}/hostname",
        "HostsPath": f"{places.folder}/hosts",
        "LogPath": places.log,
        "Name": f"/{container.name}",
        "RestartCount": container.state.restart_count,
        "Driver": "overlay2",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": _apparmor(container.spec.host),
        "ExecIDs": list(places.execs) or None,
        "HostConfig": host_json(container.spec.host) | {"Links": _links(container)},
        "GraphDriver": {"Name": "overlay2", "Data": dict(places.layers)},
        "Mounts": [mount_json(mount) for mount in container.mounts],
        "Config": config_json(container),
        "NetworkSettings": network_settings(container),
    }
    if places.sizes is not None:
        result["SizeRw"], result["SizeRootFs"] = places.sizes
    return result


def _apparmor(host: HostOptions) -> str:
    """The profile's name, or "" where the kernel has no AppArmor."""
    wanted = SecurityOptions(host.security_opt, privileged=host.privileged).apparmor
    return apparmor.profile(wanted, privileged=host.privileged)


def state_json(state: State) -> dict[str, Any]:
    """State; Health only for a container with a health check."""
    result: dict[str, Any] = {
        "Status": state.status,
        "Running": state.status in ("running", "paused", "restarting"),
        "Paused": state.status == "paused",
        "Restarting": state.status == "restarting",
        "OOMKilled": state.oom_killed,
        "Dead": state.status == "dead",
        "Pid": state.pid,
        "ExitCode": state.exit_code,
        "Error": state.error,
        "StartedAt": format_time(state.started_at),
        "FinishedAt": format_time(state.finished_at),
    }
    if state.health is not None:
        result["Health"] = _health_json(state.health)
    return result


def _health_json(health: Health) -> dict[str, Any]:
    return {
        "Status": health.status,
        "FailingStreak": health.failing_streak,
        "Log": [
            {
                "Start": format_time(probe.start),
                "End": format_time(probe.end),
                "ExitCode": probe.exit_code,
                "Output": probe.output,
            }
            for probe in health.log
        ],
    }


def mount_json(mount: MountPoint) -> dict[str, Any]:
    """One of Mounts, as resolved."""
    result: dict[str, Any] = {"Type": mount.type}
    if mount.type == "volume":
        result["Name"] = mount.volume
    mode = "ro" if mount.read_only else "z" if mount.type == "volume" and not mount.anonymous else ""
    result |= {"Source": mount.source, "Destination": mount.target}
    if mount.type == "volume":
        result["Driver"] = mount.driver or "local"
    return result | {"Mode": mode, "RW": not mount.read_only, "Propagation": mount.propagation}


def config_json(container: Container) -> dict[str, Any]:
    """Config: what is run, after image and request were merged."""
    spec = container.spec
    result: dict[str, Any] = {
        "Hostname": container.hostname,
        "Domainname": spec.domainname,
        "User": container.user,
        "AttachStdin": spec.attach_stdin,
        "AttachStdout": spec.attach_stdout,
        "AttachStderr": spec.attach_stderr,
        "Tty": spec.tty,
        "OpenStdin": spec.open_stdin,
        "StdinOnce": spec.stdin_once,
        "Env": [*_unset(container), *container.env],
        "Cmd": container.command or None,
        "Image": spec.image,
        "Volumes": _volumes(container),
        "WorkingDir": container.working_dir,
        "Entrypoint": container.entrypoint or None,
        "OnBuild": None,
        "Labels": container.labels,
    }
    if container.exposed_ports:
        result["ExposedPorts"] = {port: {} for port in container.exposed_ports}
    if container.healthcheck is not None:
        result["Healthcheck"] = healthcheck_json(container.healthcheck)
    if container.stop_signal not in ("", "SIGTERM") or spec.stop_signal:
        result["StopSignal"] = container.stop_signal
    if spec.stop_timeout is not None:
        result["StopTimeout"] = spec.stop_timeout
    if spec.network_disabled:
        result["NetworkDisabled"] = True
    return result


def _links(container: Container) -> list[str] | None:
    pairs = [link.partition(":") for link in container.spec.host.links]
    return [f"/{name}:/{container.name}/{alias}" for name, _, alias in pairs] or None


def _unset(container: Container) -> list[str]:
    """Names that were given without a value: such a variable of the image's is taken away."""
    given = {entry.partition("=")[0] for entry in container.env}
    return [entry for entry in container.spec.env if "=" not in entry and entry not in given]


def _volumes(container: Container) -> dict[str, Any] | None:
    named = {*container.spec.volumes, *(m.target for m in container.mounts if m.anonymous)}
    return {path: {} for path in sorted(named)} or None


def healthcheck_json(check: Healthcheck) -> dict[str, Any]:
    """Healthcheck of a config; zeros are left out, as Docker does."""
    found = {
        "Test": check.test,
        "Interval": check.interval,
        "Timeout": check.timeout,
        "StartPeriod": check.start_period,
        "StartInterval": check.start_interval,
        "Retries": check.retries,
    }
    return {key: value for key, value in found.items() if value}
