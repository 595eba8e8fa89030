"""Every process of the container: who it is inside and who on the host.

Which processes belong to it is what its control group says, wherever their pid namespace is, so that an exec and
a container in the host's pid namespace are told rightly. One that ends while it is read is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from hythe.engine.explain.subject import Subject
from hythe.engine.explain.users import names_inside, names_on_host
from hythe.kernel.cgroups import detect
from hythe.kernel.procfs import (
    IdRange,
    id_inside,
    in_pid_namespace_of,
    read_command,
    read_id_map,
    read_status,
)

STATES: Final = {
    "R": "running", "S": "sleeping", "D": "waiting for I/O", "Z": "zombie", "T": "stopped", "t": "traced",
    "I": "idle", "X": "dead", "P": "parked",
}  # fmt: skip


class Process(Struct):
    """`pid_inside` counts in its own pid namespace. `uid_inside` is None for an id that has no name there.

    `rss` in bytes; `names` of users are "" where nobody gave one. `main` is the container's first process.
    """

    pid: int
    pid_inside: int
    main: bool
    uid: int
    user: str
    uid_inside: int | None
    user_inside: str
    state: str
    threads: int
    rss: int
    command: list[str]


class Processes(Struct):
    shown_by: list[str]
    items: list[Process]


def _process(
    pid: int, main: bool, host: Mapping[int, str], inside: Mapping[int, str], ranges: Sequence[IdRange]
) -> Process | None:
    try:
        status, command = read_status(pid), read_command(pid)
    except OSError:
        return None
    uid = id_inside(ranges, status.uid)
    return Process(
        pid=pid,
        pid_inside=status.pids[-1],
        main=main,
        uid=status.uid,
        user=host.get(status.uid, ""),
        uid_inside=uid,
        user_inside="" if uid is None else inside.get(uid, ""),
        state=STATES.get(status.state, status.state),
        threads=status.threads,
        rss=status.rss,
        command=command or [f"[{status.name}]"],
    )


def processes(subject: Subject) -> Processes:
    group = subject.parts.cgroup(subject.record)
    host, inside = names_on_host(), names_inside(subject.pid)
    ranges = read_id_map(subject.pid, "uid")
    found = []
    members = set(detect().group(group).processes()) - {0}
    for pid in sorted(members or in_pid_namespace_of(subject.pid)):  # there may be no control groups
        process = _process(pid, pid == subject.pid, host, inside, ranges)
        if process is not None:
            found.append(process)
    return Processes([f"cgroup.procs of {group}", "/proc/PID/status"], found)
