"""One service of the document as a `Service`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hythe.compose.document import Table, Value
from hythe.compose.interpolate import Warn
from hythe.compose.model import Attachment, Dependency, Service
from hythe.compose.normalise import (
    build,
    commands,
    connections,
    environment,
    limits,
    scalars,
    storage,
)

_SIMPLE: Final[dict[str, Callable[[Value | None], Any]]] = {
    **dict.fromkeys(
        (
            "image", "container_name", "hostname", "domainname", "mac_address", "network_mode", "user",
            "working_dir", "stop_signal", "ipc", "pid", "uts", "userns_mode", "cgroup", "cgroup_parent",
            "cpuset", "runtime", "platform", "pull_policy",
        ),
        scalars.word,
    ),
    **dict.fromkeys(
        (
            "volumes_from", "tmpfs", "device_cgroup_rules", "dns", "dns_opt", "dns_search", "group_add",
            "cap_add", "cap_drop", "security_opt", "profiles",
        ),
        scalars.texts,
    ),
    **dict.fromkeys(("annotations", "sysctls", "storage_opt"), scalars.settings),
    **dict.fromkeys(
        ("mem_swappiness", "oom_score_adj", "cpu_shares", "cpu_quota", "cpu_period"), scalars.whole
    ),
    **dict.fromkeys(("shm_size", "memswap_limit"), scalars.size),
    **dict.fromkeys(("cpu_rt_period", "cpu_rt_runtime"), limits.microseconds),
    "init": scalars.flag,
    "stop_grace_period": scalars.duration,
    "command": commands.command,
    "entrypoint": commands.command,
    "healthcheck": commands.healthcheck,
    "logging": commands.logging,
    "ports": connections.ports,
    "expose": connections.expose,
    "extra_hosts": connections.extra_hosts,
    "devices": storage.devices,
    "ulimits": build.ulimits,
    "blkio_config": limits.block_io,
}  # fmt: skip
_FLAGS: Final = ("tty", "stdin_open", "privileged", "read_only", "oom_kill_disable")
_SHARED: Final = ("network_mode", "ipc", "pid")


@dataclass(frozen=True)
class Surroundings:
    """What a service is read with: the folder of relative paths, the project's variables, warnings."""

    folder: str
    variables: Mapping[str, str]
    warn: Warn


def service(name: str, table: Table, around: Surroundings) -> Service:
    """A service. Raises SyntaxProblem where its values contradict each other."""
    fields: dict[str, Any] = {key: read(table.get(key)) for key, read in _SIMPLE.items()}
    fields.update({key: scalars.flag(table.get(key)) or False for key in _FLAGS})
    fields.update(limits.limits(table))
    if scalars.flag(table.get("attach")) is False:
        fields["attach"] = False
    dependencies = connections.dependencies(table.get("depends_on"))
    _implied(dependencies, table)
    return Service(
        name=name,
        place=table.place,
        build=build.build(table.get("build"), around.folder, around.variables),
        environment=environment.environment(table, around.folder, around.variables, around.warn),
        labels=environment.labels(table, around.folder),
        volumes=storage.mounts(table.get("volumes"), around.folder),
        configs=storage.references(table.get("configs"), "/"),
        secrets=storage.references(table.get("secrets"), "/run/secrets"),
        networks=_networks(table),
        depends_on=dependencies,
        restart=limits.restart(table),
        scale=limits.scale(table),
        develop=build.watches(table.get("develop"), around.folder),
        **fields,
    )


def _networks(table: Table) -> dict[str, Attachment]:
    """The networks by priority; "default" where nothing is said."""
    mode = table.get("network_mode")
    if mode is not None:
        if table.get("networks") is not None:
            raise table.where("network_mode").problem("network_mode and networks exclude each other")
        return {}
    found = connections.attachments(table.get("networks"))
    ordered = sorted(found.items(), key=lambda item: -item[1].priority)
    return dict(ordered) or {"default": Attachment()}


def _implied(dependencies: dict[str, Dependency], table: Table) -> None:
    """Sharing a namespace or volumes with another service means to start after it."""
    for key in _SHARED:
        kind, _, other = scalars.name(table.get(key)).partition(":")
        if kind == "service" and other:
            dependencies.setdefault(other, Dependency(restart=True, place=table.where(key)))
    for text in scalars.texts(table.get("volumes_from")):
        other = text.partition(":")[0]
        if other != "container":
            dependencies.setdefault(other, Dependency(place=table.where("volumes_from")))
