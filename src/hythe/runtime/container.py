"""One container as the warden holds it: its first process, its execs, its control group.

Status, as the OCI runtime specification names it (runtime.md, State), with "paused" added: creating ->
created -> running <-> paused -> stopped. Only what has to be remembered is kept; the configuration itself is
not, since ten thousand of them would be.
"""

from __future__ import annotations

from typing import Final

from hythe.errors import Conflict, NotFound
from hythe.kernel.cgroups import Group
from hythe.kernel.usernamespaces import Mapping
from hythe.runtime.init.security import Filter
from hythe.runtime.protocol import ContainerEntry, ExecEntry, ExitRecord, Program, Status
from hythe.runtime.records import StateRecord
from hythe.runtime.task import Answer, Task

_ENDED_EXECS: Final = 32


class Container:
    """`own_pid`: it has a pid namespace, so that everything ends with its first process.

    `no_exec` is why nothing more may be run in it, "" where it may. `program` is the runtime that has made it
    and is asked for everything that changes it; None for our own. `killed`: SIGKILL was sent to its first process,
    which version 1 of the control groups would freeze before it dies. `mapping`: of its user namespace, None where that
    is the host's, or as long as nobody has asked.
    """

    def __init__(
        self,
        id: str,
        bundle: str,
        group: Group,
        *,
        terminal: bool,
        own_pid: bool,
        filter: Filter | None,
        program: Program | None = None,
    ) -> None:
        self.id = id
        self.bundle = bundle
        self.group = group
        self.terminal = terminal
        self.own_pid = own_pid
        self.filter = filter
        self.program = program
        self.main: Task | None = None
        self.execs: dict[str, Task] = {}
        self.ended_execs: dict[str, ExecEntry] = {}
        self.pid = 0
        self.start_time = 0
        self.started = program is None  # a process of ours that waits for its start ends with its warden
        self.paused = False
        self.killed = False
        self.adopted = False
        self.no_exec = ""
        self.mapping: Mapping | None = None
        self.exit: ExitRecord | None = None
        self.deleting: list[Answer] = []
        self.oom_watch = -1

    @property
    def status(self) -> Status:
        if self.exit is not None:
            return "stopped"
        if self.paused:
            return "paused"
        if self.adopted or self.main is None:
            return "running" if self.adopted else "creating"
        if self.main.phase == "preparing":
            return "creating"
        return "created" if self.main.phase in ("ready", "starting") else "running"

    def entry(self) -> ContainerEntry:
        execs: list[ExecEntry] = [
            {"exec": name, "pid": task.pid, "exit": None} for name, task in self.execs.items()
        ]
        return {
            "id": self.id,
            "pid": self.pid,
            "start_time": self.start_time,
            "status": self.status,
            "terminal": self.terminal,
            "exit": self.exit,
            "execs": execs + list(self.ended_execs.values()),
        }

    def state(self) -> StateRecord:
        """What a warden that follows has to know."""
        return {
            "id": self.id,
            "bundle": self.bundle,
            "pid": self.pid,
            "start_time": self.start_time,
            "cgroup": self.group.path,
            "terminal": self.terminal,
            "runtime": self.program,
            "started": self.started,
        }

    def task(self, exec_id: str | None) -> Task:
        """The process meant by a request that names an exec or none. Raises NotFound, Conflict."""
        if exec_id is not None:
            if exec_id in self.execs:
                return self.execs[exec_id]
            if exec_id in self.ended_execs:
                raise Conflict(f"exec {exec_id} has ended")
            raise NotFound(f"no such exec: {exec_id}")
        if self.main is None or self.exit is not None:
            raise Conflict(f"container {self.id} is not running")
        return self.main

    def exec_ended(self, task: Task) -> None:
        """Remember the last few, for a daemon that was away meanwhile."""
        assert task.exec_id is not None
        del self.execs[task.exec_id]
        self.ended_execs[task.exec_id] = {"exec": task.exec_id, "pid": task.pid, "exit": task.exit}
        while len(self.ended_execs) > _ENDED_EXECS:
            del self.ended_execs[next(iter(self.ended_execs))]
