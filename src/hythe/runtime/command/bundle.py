"""A bundle: its config.json, checked, with what it leaves out filled in."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from hythe.errors import InvalidArgument
from hythe.runtime import validate
from hythe.runtime.command import allowed, groups, jsonfile


class Bundle(NamedTuple):
    """`path` is absolute; `spec` is valid and has linux.cgroupsPath; `rootfs` is the root's path on the host.

    `unknown`: properties that the specification does not have, and that have no effect.
    """

    path: str
    spec: dict[str, Any]
    rootfs: str
    hooks: dict[str, Any]
    unknown: list[str]


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
    unknown = validate.spec(spec)
    spec["hooks"] = wanted
    root = spec.get("root") or {}
    if not root.get("path"):
        raise InvalidArgument("config.json: root.path is needed")
    return Bundle(path, spec, os.path.normpath(os.path.join(path, root["path"])), wanted, unknown)


def read(path: str) -> dict[str, Any]:
    """config.json as it is. Raises InvalidArgument with runc's words where there is none."""
    try:
        spec: dict[str, Any] = jsonfile.read(f"{path}/config.json")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidArgument(f"JSON specification file {path}/config.json not found") from error
    if not isinstance(spec, dict):
        raise InvalidArgument(f"{path}/config.json is not a JSON object")
    return spec
