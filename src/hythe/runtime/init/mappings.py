"""Id mappings in config.json: of the container's user namespace, and of single mounts.

Both are written alike, as uidMappings and gidMappings (config-linux.md, User namespace mappings; config.md,
Mounts).
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from typing import Any

from hythe.errors import InvalidArgument
from hythe.kernel.usernamespaces import Entry, Mapping

_LARGEST = 2**32 - 2


def mapping_in(value: Dictionary[str, Any]) -> Mapping | None:
    """The mapping in an object that may have one. Raises InvalidArgument where only one map is given."""
    uids, gids = (_entries(value.get(name) or [], name) for name in ("uidMappings", "gidMappings"))
    if bool(uids) != bool(gids):
        raise InvalidArgument("config.json: uidMappings and gidMappings go together")
    return Mapping(uids, gids) if uids else None


def _entries(entries: list[dict[str, Any]], name: str) -> tuple[Entry, ...]:
    found = []
    for one in entries:
        entry = Entry(int(one["containerID"]), int(one["hostID"]), int(one["size"]))
        if min(entry) < 0 or entry.size < 1 or max(entry.inside, entry.outside) + entry.size - 1 > _LARGEST:
            raise InvalidArgument(f"config.json: {name} has an entry out of range: {one}")
        found.append(entry)
    return tuple(found)
