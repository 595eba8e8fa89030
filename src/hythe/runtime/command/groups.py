"""The control group of a container: which path, and whether it is free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hythe.errors import Conflict, InvalidArgument
from hythe.kernel.cgroups import files, frozen
from hythe.kernel.cgroups.layout import detect

if TYPE_CHECKING:
    from hythe.kernel.cgroups import Group


def path_for(id: str, given: str) -> str:
    """The configuration's, or one that nothing else has. Raises InvalidArgument for systemd's notation."""
    if not given:
        return f"/hythe-runtime/{id}"
    if given.count(":") == 2 and "/" not in given:
        raise InvalidArgument(
            f"cgroupsPath {given!r} is written for systemd", hint='write it like "/group/id" (cgroupfs)'
        )
    return files.checked_path(given)


def find(path: str, resources: dict[str, Any] | None = None) -> Group:
    return detect().group(path, resources)


def must_be_usable(group: Group) -> None:
    """Raises Conflict where deleting the container would kill what else runs in it, and where its first process would
    stop before it begins: in a frozen group, or below one.
    """
    try:
        there = group.processes()
    except FileNotFoundError:
        there = []
    if there:
        raise Conflict(f"container's cgroup is not empty: {len(there)} process(es) found in {group.path}")
    frozen.must_run(group.path)


def inside(path: str, wanted: list[str]) -> Group:
    """The container's group at `path`, or groups below it: each of `wanted` is PATH, or CONTROLLER[,CONTROLLER]:PATH
    for these trees alone (version 1). Raises InvalidArgument, NotFound.
    """
    parts: dict[str, str] = {}
    for entry in wanted:
        controllers, _, part = entry.rpartition(":")
        if ".." in part.split("/"):
            raise InvalidArgument(f"--cgroup {entry}: {part} is not a sub cgroup path")
        for controller in controllers.split(","):
            if controller in parts:
                raise InvalidArgument(f"--cgroup {entry}: there is another path for the same tree")
            parts[controller] = f"/{part.strip('/')}".rstrip("/")
    group = find(path)
    return group.below(parts) if parts else group
