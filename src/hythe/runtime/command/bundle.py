"""A bundle: its config.json, checked, with what it leaves out filled in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from hythe.errors import InvalidArgument
from hythe.runtime import validate
from hythe.runtime.command import allowed, groups, jsonfile

if TYPE_CHECKING:
    from hythe.runtime.init.scheduling import Scheduling

IN_PROCESS = ("scheduler", "ioPriority", "execCPUAffinity")
IN_LINUX = ("memoryPolicy", "personality")


class Bundle(NamedTuple):
    """`path` is absolute; `spec` is valid and has linux.cgroupsPath; `rootfs` is the root's path on the host.

    `unknown`: properties that the specification does not have, and that have no effect. `devices`: network devices that
    it is to get, with their names in it. `inherited`: what of `linux` its further processes have, too.
    """

    path: str
    spec: dict[str, Any]
    rootfs: str
    hooks: dict[str, Any]
    unknown: list[str]
    scheduling: Scheduling | None
    devices: dict[str, str]
    inherited: dict[str, Any]


def load(folder: str, id: str) -> Bundle:
    """Raises InvalidArgument, Unsupported, OSError."""
    path = os.path.abspath(folder or ".")  # noqa: PTH100 - pathlib is slow to import
    spec = read(path)
    linux = spec["linux"] = spec.get("linux") or {}
    linux["cgroupsPath"] = groups.path_for(id, linux.get("cgroupsPath") or "")
    linux["namespaces"] = linux.get("namespaces") or []
    resources = linux["resources"] = linux.get("resources") or {}
    resources["devices"] = allowed.rules(resources.get("devices") or [])
    wanted = {point: entries for point, entries in (spec.pop("hooks", None) or {}).items() if entries}
    if wanted:
        from hythe.runtime import hooks

        hooks.check(wanted)
    inherited = {name: linux[name] for name in IN_LINUX if linux.get(name)}
    scheduling, devices = scheduling_in(spec.get("process"), linux), linux.pop("netDevices", None)
    if scheduling is not None:
        scheduling = scheduling._replace(makers_cpus=frozenset(), cpus=frozenset())  # these are for exec
    if devices:
        from hythe.runtime.command import netdevices

        devices = netdevices.check(devices, linux)
    unknown = validate.spec(spec)
    spec["hooks"] = wanted
    root = spec.get("root") or {}
    if not root.get("path"):
        raise InvalidArgument("config.json: root.path is needed")
    rootfs = os.path.normpath(os.path.join(path, root["path"]))
    return Bundle(path, spec, rootfs, wanted, unknown, scheduling, devices or {}, inherited)


def scheduling_in(process: object, linux: dict[str, Any]) -> Scheduling | None:
    """Taken out of both. Raises InvalidArgument."""
    own, more = _taken(process, IN_PROCESS), _taken(linux, IN_LINUX)
    if not own and not more:
        return None
    from hythe.runtime.init import scheduling

    return scheduling.parse(own, more)


def _taken(part: object, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(part, dict):
        return {}  # as what it is refused
    return {name: value for name in names if name in part and (value := part.pop(name))}


def read(path: str) -> dict[str, Any]:
    """config.json as it is. Raises InvalidArgument with runc's words where there is none."""
    try:
        spec: dict[str, Any] = jsonfile.read(f"{path}/config.json")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidArgument(f"JSON specification file {path}/config.json not found") from error
    if not isinstance(spec, dict):
        raise InvalidArgument(f"{path}/config.json is not a JSON object")
    return spec
