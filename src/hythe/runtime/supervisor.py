"""The parent of all containers: starts processes, reaps them, and says so.

SIGCHLD arrives by a signalfd in the event loop; every child is then reaped, ours and the orphans that come
to us as subreaper. As parent we are the only one who can free a pid, so a pid that is in `_tasks` is safe to
signal. An exit is told (event, exit.json) after the process's output has been read to its end.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from hythe.errors import CannotStart, Conflict, NotFound
from hythe.kernel import capabilities, cgroups, identity, process, seccomp, seccomp_listener
from hythe.kernel.cgroups import Group
from hythe.kernel.usernamespaces import Mapping
from hythe.runtime import notified
from hythe.runtime.birth import born
from hythe.runtime.container import Container
from hythe.runtime.events import Events
from hythe.runtime.foreign.commands import Commands
from hythe.runtime.foreign.runtime import Foreign
from hythe.runtime.fork import Born, Forker, Pipes, make_pipes
from hythe.runtime.init import container as first
from hythe.runtime.init import joined, parts
from hythe.runtime.init.joined import own_mapping
from hythe.runtime.init.security import Filter
from hythe.runtime.loop import IN, Loop
from hythe.runtime.oom import OomWatch
from hythe.runtime.protocol import ExitRecord
from hythe.runtime.records import Records
from hythe.runtime.spares import Spares
from hythe.runtime.stdio import Streams
from hythe.runtime.task import Answer, ForkedTask, Task

if TYPE_CHECKING:
    from hythe.runtime.logdrivers import Sink


class Supervisor:
    """`open_files`: the limit (soft, hard) for containers, as it was before the warden raised its own."""

    def __init__(self, loop: Loop, events: Events, records: Records, open_files: tuple[int, int]) -> None:
        self._loop = loop
        self._events = events
        self._records = records
        self._open_files = open_files
        parts.load_all()
        capabilities.last_known()  # a fact of the kernel, which no child need ask for again
        self._forker = Forker()
        self._compiler = seccomp.Compiler()
        self._tasks: dict[int, tuple[Container, Task]] = {}
        self._oom = OomWatch(loop, events)
        self.layout = cgroups.detect()
        self._spares = Spares(loop, self._forker, self.layout)
        self._commands = Commands(self._forker, open_files)
        self.foreign = Foreign(loop, self._commands, records, events, self)
        self.containers: dict[str, Container] = {}
        self._signals = process.signalfd((signal.SIGCHLD,))
        loop.add(self._signals, IN, lambda _: self._children())

    def get(self, id: str) -> Container:
        """Raises NotFound."""
        found = self.containers.get(id)
        if found is None:
            raise NotFound(f"no such container: {id}")
        return found

    def filter(self, profile: dict[str, Any] | None) -> Filter | None:
        """The compiled seccomp profile. Raises InvalidArgument, Unsupported, Unavailable."""
        if not profile:
            return None
        address = seccomp_listener.address(profile)
        return Filter(self._compiler.program(repr(profile), profile), seccomp.filter_flags(profile), *address)

    # ---- starting ---------------------------------------------------------------------------------

    def create(
        self, container: Container, plan: first.Plan, streams: Streams, pipes: Pipes, answer: Answer
    ) -> None:
        """Fork the container's first process. Its pid namespace is new, joined by path, or ours."""
        with _abandoned_on_failure(streams, pipes):
            made = self._spares.take(plan, pipes.child) or born(self._forker, plan, pipes)
        task = self._adopt(container, made, streams, pipes, None, answer)
        container.main, container.pid, container.start_time = task, task.pid, task.start_time
        self.containers[container.id] = container
        self._records.write_state(container.state())

    def create_foreign(
        self, container: Container, layers: list[Any], streams: Streams, pipes: Pipes, answer: Answer
    ) -> None:
        """Have another runtime make the container's first process; recorded before there is one."""
        self.containers[container.id] = container
        self._records.write_state(container.state())
        try:
            self.foreign.create(container, layers, streams, pipes, answer)
        except BaseException:
            self.forget(container)
            raise

    def keep(self, container: Container, task: Task) -> None:
        """See `foreign.Keeper`."""
        self._tasks[task.pid] = (container, task)

    def exec(
        self,
        container: Container,
        exec_id: str,
        spec: dict[str, Any],
        streams: Streams,
        pipes: Pipes,
        answer: Answer,
        *,
        terminal: bool,
    ) -> None:
        """Fork a further process into a running container. Raises Conflict where that would not be safe."""
        with ExitStack() as stack:
            stack.enter_context(_abandoned_on_failure(streams, pipes))
            if container.no_exec:
                raise Conflict(
                    f"nothing can be run in {container.id}: {container.no_exec}", hint="restart it"
                )
            pidfd = identity.pidfd_open(container.pid)
            stack.callback(os.close, pidfd)
            plan = joined.ExecPlan(
                spec, container.pid, pidfd, container.group, container.filter, terminal, self._open_files,
                _mapping(container), session=container.id,
            )  # fmt: skip
            made = self._forker.fork(
                lambda channel: joined.become(plan, channel), pipes, pidfd, keep=(pidfd,)
            )
        container.execs[exec_id] = self._adopt(container, made, streams, pipes, exec_id, answer)

    def _adopt(
        self,
        container: Container,
        born: Born,
        streams: Streams,
        pipes: Pipes,
        exec_id: str | None,
        answer: Answer,
    ) -> ForkedTask:
        pipes.close_child()
        for fd, stream in ((pipes.stdout, 1), (pipes.stderr, 2)):
            if fd >= 0:
                streams.add_output(fd, stream)
        task = ForkedTask(
            self._loop,
            born,
            streams,
            exec_id=exec_id,
            start_time=identity.start_time(born.pid),
            answer=answer,
            on_namespaces=lambda: self._events.send("namespaces", id=container.id, pid=born.pid),
            on_running=lambda: self._spares.refill_when_idle(),
            on_listener=partial(notified.tell, container, born.pid),
        )
        self._tasks[born.pid] = (container, task)
        return task

    def plan(
        self, id: str, spec: dict[str, Any], bundle: str, rootfs: list[Any], group: Group, *, terminal: bool
    ) -> first.Plan:
        """What the first process needs to know."""
        init = (spec.get("annotations") or {}).get("org.hythe.init") == "true"
        filter = self.filter(spec["linux"].pop("seccomp", None))
        return first.Plan(spec, bundle, rootfs, group, filter, terminal, init, self._open_files, session=id)

    def streams(
        self,
        container_id: str,
        exec_id: str | None,
        *,
        terminal: bool,
        stdin: bool,
        ends_stdin: bool,
        log: Sink | None,
    ) -> tuple[Streams, Pipes]:
        """Pipes for a new process, and what serves them."""
        pipes = make_pipes(terminal=terminal, stdin=stdin)
        streams = Streams(
            self._loop,
            terminal=terminal,
            stdin=pipes.stdin if stdin else None,
            ends_stdin=ends_stdin,
            log=log,
            on_detached=lambda: self._events.send("detached", id=container_id, exec=exec_id),
        )
        return streams, pipes

    def start(self, container: Container, task: Task, answer: Answer) -> None:
        """Let the container's first process exec; then there is time for another spare."""
        self._oom.watch(container)
        if isinstance(task, ForkedTask):
            task.start(answer)
        else:
            self.foreign.start(container, task, answer)

    def end_spares(self) -> None:
        """Before the warden ends."""
        self._spares.end()

    # ---- ending -----------------------------------------------------------------------------------

    def _children(self) -> None:
        try:
            os.read(self._signals, process.SIGNALFD_SIZE * 16)
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            known, code = self._tasks.pop(pid, None), os.waitstatus_to_exitcode(status)
            if known is not None:
                self._loop.guard(partial(self.ended, *known, code))
            elif not self._spares.ended(pid):
                self._loop.guard(partial(self._commands.ended, pid, code))

    def ended(self, container: Container, task: Task, code: int) -> None:
        """It has been reaped; `code` as from `os.waitstatus_to_exitcode`."""
        self._tasks.pop(task.pid, None)
        if task.exec_id is None and not container.own_pid:
            container.group.kill()  # nothing else ends what it left running
        exit: ExitRecord = {
            "pid": task.pid,
            "exit_code": code if code >= 0 else 128 - code,
            "signal": max(0, -code),
            "oom": container.group.oom_kills() > 0,
            "at": time.time_ns(),
        }
        if task.exec_id is not None:
            self._exec_ended(container, task, exit)
        elif task.phase == "preparing" and not self._became_ready(task):
            self._never_created(container, task, exit)
        else:
            self._container_ended(container, task, exit)

    @staticmethod
    def _became_ready(task: Task) -> bool:
        task.listen()
        return task.phase != "preparing"

    def _exec_ended(self, container: Container, task: Task, exit: ExitRecord) -> None:
        task.end(exit)
        if task.failure is not None:
            del container.execs[task.exec_id or ""]
            return
        container.exec_ended(task)
        self._events.send("exit", id=container.id, exec=task.exec_id, **exit)

    def _never_created(self, container: Container, task: Task, exit: ExitRecord) -> None:
        """Creation failed: nothing is left of it, and only then the request is answered."""
        container.exit = exit
        self.forget(container)
        task.end(exit)
        for answer in container.deleting:
            answer.ok()

    def _container_ended(self, container: Container, task: Task, exit: ExitRecord) -> None:
        self._oom.ended(container)
        if isinstance(task.failure, CannotStart):
            exit["exit_code"], exit["signal"] = task.failure.exit_code, 0
        task.end(exit)
        if isinstance(task.failure, CannotStart):
            exit["exit_code"], exit["signal"] = task.failure.exit_code, 0
        container.exit, container.paused = exit, False
        self._records.write_exit(container.id, exit)
        self._events.send("exit", id=container.id, exec=None, **exit)
        if container.deleting:
            self.finish(container)

    # ---- removing ---------------------------------------------------------------------------------

    def delete(self, container: Container, answer: Answer, *, force: bool) -> None:
        """Raises Conflict for a container that has not ended, unless `force`, which ends it first."""
        if container.exit is None:
            if not force and container.status not in ("created",):
                raise Conflict(
                    f"container {container.id} is {container.status}", hint="stop it first, or use force"
                )
            container.deleting.append(answer)
            if container.pid:
                self.kill_all(container)
            return
        container.deleting.append(answer)
        self.finish(container)

    def finish(self, container: Container) -> None:
        """It has ended: remove what is left, and answer who waits for that."""
        if container.program is not None:
            self.foreign.delete(container)
            return
        answers, container.deleting = container.deleting, []
        self.forget(container)
        for answer in answers:
            answer.ok()

    def kill_all(self, container: Container) -> None:
        """End every process of a container; its exit is then told as usual."""
        try:
            os.kill(container.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        container.group.kill()
        container.killed, container.paused = True, False

    def forget(self, container: Container) -> None:
        """Remove what is left of a container that has ended. Raises OSError when its group stays busy."""
        container.group.kill()
        container.group.remove()
        self._records.remove(container.id)
        self.containers.pop(container.id, None)


@contextmanager
def _abandoned_on_failure(streams: Streams, pipes: Pipes) -> Iterator[None]:
    """Where no process comes of it, whoever is attached already is let go of, or it would wait for ever."""
    try:
        yield
    except BaseException:
        pipes.abandon()
        streams.close()
        raise


def _mapping(container: Container) -> Mapping | None:
    """Raises Conflict for a container that has ended and is not reaped yet: it has no namespaces any more."""
    try:
        if container.mapping is None:
            container.mapping = own_mapping(container.pid)
        else:
            os.stat(f"/proc/{container.pid}/ns/user")
        return container.mapping
    except (FileNotFoundError, ProcessLookupError) as error:
        raise Conflict(f"container {container.id} is not running") from error
