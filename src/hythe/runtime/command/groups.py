"""The control group of a container: which path, and whether it is free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hythe.errors import Conflict, InvalidArgument
from hythe.kernel.cgroups import files
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


def must_be_free(group: Group) -> None:
    """Raises Conflict: deleting the container would kill what runs in it."""
    try:
        there = group.processes()
    except FileNotFoundError:
        return
    if there:
        raise Conflict(f"container's cgroup is not empty: {len(there)} process(es) found in {group.path}")


def below(path: str, part: str) -> str:
    """The group `part` below `path`. Raises InvalidArgument for one that leads elsewhere."""
    return path if part.strip("/") == "" else path + files.checked_path(part)
