"""The use case: everything, or the sections asked for, of one container at one moment.

What is in /proc and the control group is read on a worker thread, what needs another network namespace on the
network layer's. A container that ends meanwhile gives Conflict, not half an answer: its first process is told
by pid and start time before and after. A part that ends (a process, an exec, another container) is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Struct

from hythe.engine.containers.parts import Parts
from hythe.engine.explain import mounts, network
from hythe.engine.explain.cgroup import control_group
from hythe.engine.explain.firewall import firewall
from hythe.engine.explain.layers import root
from hythe.engine.explain.namespaces import namespaces
from hythe.engine.explain.processes import processes
from hythe.engine.explain.security import security
from hythe.engine.explain.state import state
from hythe.engine.explain.subject import Subject, subject_of
from hythe.engine.explain.users import users
from hythe.errors import Conflict, InvalidArgument, NotFound, from_os
from hythe.kernel.identity import present, start_time

Reader = Callable[[Subject], Any]

RUNNING: Final[dict[str, Reader]] = {
    "state": state,
    "processes": processes,
    "namespaces": namespaces,
    "users": users,
    "cgroup": control_group,
    "security": security,
    "layers": root,
    "mounts": mounts.mounts,
    "network": network.network,
    "firewall": firewall,
}
"""The sections in the order in which they are shown, and how each is read of a container that runs."""

STOPPED: Final[dict[str, Reader]] = {
    "state": state,
    "layers": root,
    "mounts": mounts.recorded,
    "network": network.recorded,
}
"""What can be said of one that does not run."""

_ON_NETWORK_THREAD: Final = ("network", "firewall")


class Explanation(Struct):
    """`sections` by name, in order; None for what only a running container has."""

    id: str
    name: str
    running: bool
    sections: dict[str, Any]


def checked(sections: Sequence[str]) -> list[str]:
    """The sections asked for in their own order; none named is all. Raises InvalidArgument."""
    for name in sections:
        if name not in RUNNING:
            raise InvalidArgument(f"there is no section {name!r}", hint=f"sections: {', '.join(RUNNING)}")
    return [name for name in RUNNING if not sections or name in sections]


async def explain(ref: str, sections: Sequence[str], parts: Parts) -> Explanation:
    """Raises NotFound, InvalidArgument, and Conflict where the container ended meanwhile."""
    names = checked(sections)
    subject = subject_of(ref, parts)
    readers = RUNNING if subject.pid else STOPPED
    found: dict[str, Any] = dict.fromkeys(names)
    plain = [name for name in names if name in readers and name not in _ON_NETWORK_THREAD]
    networked = [name for name in names if name in readers and name in _ON_NETWORK_THREAD]
    began = _began(subject)
    try:
        found |= await asyncio.to_thread(lambda: {name: readers[name](subject) for name in plain})
        found |= await parts.networks.run(lambda: {name: readers[name](subject) for name in networked})
    except NotFound as error:
        raise _ended(subject) from error
    except OSError as error:
        if subject.pid and not present(subject.pid, began):
            raise _ended(subject) from error
        raise from_os(error, f"look at container {subject.record.name}") from error
    if subject.pid and not present(subject.pid, began):
        raise _ended(subject)
    return Explanation(subject.record.id, subject.record.name, bool(subject.pid), found)


def _began(subject: Subject) -> int:
    """When its first process did, in clock ticks since boot; 0 for a container that does not run."""
    try:
        return start_time(subject.pid) if subject.pid else 0
    except OSError as error:
        raise _ended(subject) from error


def _ended(subject: Subject) -> Conflict:
    name = subject.record.name
    return Conflict(
        f"container {name} ended or was removed while it was being looked at",
        hint=f"see: hythe ps -a, hythe logs {name}",
    )
