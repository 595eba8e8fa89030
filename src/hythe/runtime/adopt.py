"""What a new warden makes of the containers of one that is gone.

Their processes are no children of ours: a pidfd tells when one ends, but not how, and their streams ended
with the old warden. A living one is listed as running until then; one that has ended meanwhile, and whose
exit nobody could record, is listed as stopped with exit code 255.
"""

from __future__ import annotations

import time

from hythe.kernel import process
from hythe.runtime.container import Container
from hythe.runtime.events import Events
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
    container = Container(
        state["id"], state["bundle"], group, terminal=state["terminal"], own_pid=True, filter=None
    )
    container.pid, container.start_time, container.adopted = state["pid"], state["start_time"], True
    return container


def _follow(
    container: Container, supervisor: Supervisor, records: Records, loop: Loop, events: Events
) -> None:
    """Wait for the end, if it has not come already; opening before looking leaves no gap."""
    try:
        pidfd = process.pidfd_open(container.pid)
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
        waiting, container.deleting = container.deleting, []
        if waiting:
            supervisor.forget(container)
        for answer in waiting:
            answer.ok()

    if pidfd >= 0 and process.alive(container.pid, container.start_time):
        loop.add(pidfd, IN, lambda _: ended())
    else:
        ended()
