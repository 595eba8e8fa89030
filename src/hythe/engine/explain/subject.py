"""The container that is being explained, as it was when the question came, and where to look further."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

from hythe.engine.containers.parts import Parts
from hythe.engine.model import Container


@dataclass(frozen=True)
class Subject:
    """`record` is a copy, since the real one changes on the event loop while threads read. `pid` 0: not running.

    `network_owner` is the container whose network it has: itself, or the other one of --network container:...
    `others` are the pids of all other containers that run, by name.
    """

    record: Container
    pid: int
    network_owner: Container
    others: Mapping[str, int]
    parts: Parts


def subject_of(ref: str, parts: Parts) -> Subject:
    """To be called on the event loop. Raises NotFound."""
    handle = parts.registry.find(ref)
    owner, seen = handle, {handle.id}
    while other := owner.record.spec.host.network_mode.partition("container:")[2]:
        owner = parts.registry.find(other)
        if owner.id in seen:
            break
        seen.add(owner.id)
    others = {h.record.name: h.record.state.pid for h in parts.registry if h.running and h.id != handle.id}
    pid = handle.record.state.pid if handle.running else 0
    return Subject(copy.deepcopy(handle.record), pid, copy.deepcopy(owner.record), others, parts)
