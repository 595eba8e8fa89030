"""What a program asks for when it makes a container: keyword arguments -> the body of ContainerCreate.

They have the names of the flags of `run`, and take Python's values beside the flags' text: a dictionary for
environment and labels, a number of bytes for memory, a mapping of ports and of volumes. They become the same
`RunOptions` that the command line fills, so that there is one translation, and one place for its errors.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from hythe.client.config.container import RunOptions, container_config
from hythe.errors import InvalidArgument

Json = dict[str, Any]
Command = str | Sequence[str] | None
"""A program and its arguments; a string is split as a shell would split it, and no shell runs."""


class Healthcheck(TypedDict, total=False):
    """`test`: a command for a shell, or a program and its arguments. Times in seconds."""

    test: str | Sequence[str]
    interval: float
    timeout: float
    retries: int
    start_period: float
    start_interval: float


class ContainerOptions(TypedDict, total=False):
    """`ports`: as -p has them, or {container port: host port}, None for any; "53/udp" names a protocol.

    `volumes`: as -v has them, or {source: target}. `network`: one, or several, as --network has them. `memory`,
    `shm_size`: bytes, or "512m". `remove`: by the engine, when it has ended.
    """

    name: str
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    ports: Sequence[str] | Mapping[int | str, int | str | None]
    publish_all: bool
    volumes: Sequence[str] | Mapping[str, str]
    mounts: Sequence[str]
    tmpfs: Sequence[str]
    network: str | Sequence[str]
    aliases: Sequence[str]
    ip: str
    dns: Sequence[str]
    extra_hosts: Mapping[str, str]
    hostname: str
    user: str
    workdir: str
    entrypoint: str
    stdin: bool
    tty: bool
    init: bool
    remove: bool
    restart: str
    memory: int | str
    memory_swap: int | str
    shm_size: int | str
    cpus: float | str
    cpuset_cpus: str
    pids_limit: int
    ulimits: Sequence[str]
    sysctls: Mapping[str, str]
    devices: Sequence[str]
    privileged: bool
    read_only: bool
    cap_add: Sequence[str]
    cap_drop: Sequence[str]
    security_opt: Sequence[str]
    group_add: Sequence[str]
    userns: str
    pid: str
    ipc: str
    stop_signal: str
    stop_timeout: int
    healthcheck: Healthcheck
    log_driver: str
    log_opt: Mapping[str, str]
    runtime: str


# Those whose flag has another name.
_FLAGS = {
    "environment": "env", "labels": "label", "ports": "publish", "volumes": "volume", "mounts": "mount",
    "aliases": "network_alias", "extra_hosts": "add_host", "stdin": "interactive", "remove": "rm",
    "ulimits": "ulimit", "sysctls": "sysctl", "devices": "device",
}  # fmt: skip


def create_body(image: str, command: Command = None, **options: Unpack[ContainerOptions]) -> Json:
    """The body. Raises InvalidArgument for a value that cannot be, TypeError for a name that is not known."""
    flags = RunOptions()
    flags.image, flags.command, flags.detach = image, words(command), True
    for name, value in options.items():
        if name not in ContainerOptions.__annotations__:
            raise TypeError(f"a container has no option {name!r}")
        if name not in ("name", "healthcheck"):
            flag = _FLAGS.get(name, name)
            setattr(flags, flag, _FORMS.get(name, _plain)(value, getattr(flags, flag)))
    body = container_config(flags, {})
    body["StdinOnce"] = flags.interactive  # whoever attaches ends the input by ending theirs
    if check := options.get("healthcheck"):
        body["Healthcheck"] = _healthcheck(check)
    return body


def words(command: Command) -> list[str]:
    """A command as a list."""
    if command is None:
        return []
    if not isinstance(command, str):
        return list(command)
    try:
        return shlex.split(command)
    except ValueError as error:
        raise InvalidArgument(f"invalid command {command!r}: {error}", hint="give a list of words") from error


def _plain(value: Any, default: Any) -> Any:
    """Text where the flag has text, a list where it has a list."""
    if isinstance(default, list):
        return [value] if isinstance(value, str) else list(value)
    if isinstance(default, str):
        return str(value)
    return value


def _joined(separator: str) -> Any:
    def form(value: Mapping[str, str], _: Any) -> list[str]:
        return [f"{name}{separator}{text}" for name, text in value.items()]

    return form


def _ports(value: Sequence[str] | Mapping[int | str, int | str | None], _: Any) -> list[str]:
    if not isinstance(value, Mapping):
        return [value] if isinstance(value, str) else list(value)
    return [f"{port}" if host is None else f"{host}:{port}" for port, host in value.items()]


def _volumes(value: Sequence[str] | Mapping[str, str], _: Any) -> list[str]:
    if not isinstance(value, Mapping):
        return [value] if isinstance(value, str) else list(value)
    return [f"{source}:{target}" for source, target in value.items()]


_FORMS = {
    "environment": _joined("="), "labels": _joined("="), "sysctls": _joined("="), "log_opt": _joined("="),
    "extra_hosts": _joined(":"), "ports": _ports, "volumes": _volumes,
}  # fmt: skip


def _healthcheck(check: Healthcheck) -> Json:
    test = check.get("test", [])
    times = {
        "Interval": check.get("interval"), "Timeout": check.get("timeout"),
        "StartPeriod": check.get("start_period"), "StartInterval": check.get("start_interval"),
    }  # fmt: skip
    return {
        "Test": ["CMD-SHELL", test] if isinstance(test, str) else ["CMD", *test],
        "Retries": check.get("retries", 0),
        **{name: int(seconds * 1e9) for name, seconds in times.items() if seconds is not None},
    }
