"""What a new warden makes of the containers of one that is gone.

Their processes are no children of ours: a pidfd tells when one ends, but not how, and their streams ended
with the old warden. A living one is listed as running until then; one that has ended meanwhile, and whose
exit nobody could record, is listed as stopped with exit code 255. So is one that a foreign runtime has not yet
started: what there is of it is removed with the container.
"""

from __future__ import annotations

import json
import time
from typing import Any, cast

from hythe.kernel import identity
from hythe.runtime.container import Container
from hythe.runtime.events import Events
from hythe.runtime.init import namespaces
from hythe.runtime.loop import IN, Loop
from hythe.runtime.protocol import ExitRecord
from hythe.runtime.records import Records, StateRecord
from hythe.runtime.supervisor import Supervisor

_UNKNOWN = 255


def adopt_all(supervisor: Supervisor, records: Records, loop: Loop, events: Events) -> None:
    """Take over everything that `records` knows."""
    for state, exit in records.all():
        container = _container(supervisor, state)
        container.exit = exit
        supervisor.containers[container.id] = container
        if exit is None:
            _follow(container, supervisor, records, loop, events)


def _container(supervisor: Supervisor, state: StateRecord) -> Container:
    group = supervisor.layout.group(state["cgroup"])
    spec = _spec(state["bundle"])
    linux = spec.get("linux") or {}
    own_pid = "pid" in namespaces.own(linux)
    program = state.get("runtime")
    container = Container(
        state["id"],
        state["bundle"],
        group,
        terminal=state["terminal"],
        own_pid=own_pid,
        filter=None if program else supervisor.filter(linux.get("seccomp")),
        program=program,
    )
    if not spec and not program:
        container.no_exec = "its config.json cannot be read, and with it the system call filter"
    container.pid, container.start_time, container.adopted = state["pid"], state["start_time"], True
    container.started = state["started"]
    return container


def _spec(bundle: str) -> dict[str, Any]:
    """The bundle's config.json once more: an exec needs the filter in it. Empty where it cannot be read."""
    try:
        with open(f"{bundle}/config.json") as file:
            return cast("dict[str, Any]", json.load(file))
    except (OSError, ValueError):
        return {}


def _follow(
    container: Container, supervisor: Supervisor, records: Records, loop: Loop, events: Events
) -> None:
    """Wait for the end, if it has not come already; opening before looking leaves no gap."""
    try:
        pidfd = identity.pidfd_open(container.pid) if container.started else -1
    except ProcessLookupError:
        pidfd = -1

    def ended() -> None:
        if pidfd >= 0:
            loop.close(pidfd)
        exit: ExitRecord = {
            "pid": container.pid,
            "exit_code": _UNKNOWN,
            "signal": 0,
            "oom": container.group.oom_kills() > 0,
            "at": time.time_ns(),
        }
        container.exit = exit
        records.write_exit(container.id, exit)
        events.send("exit", id=container.id, exec=None, **exit)
        if container.deleting:
            supervisor.finish(container)

    if pidfd >= 0 and identity.alive(container.pid, container.start_time):
        loop.add(pidfd, IN, lambda _: ended())
    else:
        ended()
