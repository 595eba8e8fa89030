"""A foreign runtime's part in a container's life: create, start, delete, and what is done to it meanwhile.

Each is one call of the program; the answer is given when that has ended. A container exists for the warden from
before the first call, so that a delete that comes meanwhile, or a new warden, finds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from hythe.errors import Conflict, HytheError, SystemProblem
from hythe.kernel import identity
from hythe.kernel.cgroups.trees import remove_everywhere
from hythe.oci.spec import Mount
from hythe.runtime.container import Container
from hythe.runtime.events import Events
from hythe.runtime.foreign.birth import Birth
from hythe.runtime.foreign.commands import Call, Commands, Done, Outcome, discard
from hythe.runtime.foreign.program import cannot_start
from hythe.runtime.foreign.root import make_place, mount_privately
from hythe.runtime.fork import Pipes
from hythe.runtime.loop import Loop
from hythe.runtime.records import Records
from hythe.runtime.stdio import Streams
from hythe.runtime.task import Answer, Task


class Keeper(Protocol):
    """What the supervisor does for every process and container, whoever has made it."""

    def keep(self, container: Container, task: Task) -> None:
        """`task` is our child from now on."""

    def ended(self, container: Container, task: Task, code: int) -> None:
        """`task` has been reaped; `code` is negative for a signal."""

    def kill_all(self, container: Container) -> None: ...

    def forget(self, container: Container) -> None: ...


class Foreign:
    """For all containers with a `program`."""

    def __init__(
        self, loop: Loop, commands: Commands, records: Records, events: Events, keeper: Keeper
    ) -> None:
        self._loop = loop
        self._commands = commands
        self._records = records
        self._events = events
        self._keeper = keeper

    def _call(self, container: Container, words: list[str]) -> Call:
        assert container.program is not None
        return Call(container.program, self._records.folder(container.id), words)

    # ---- life -------------------------------------------------------------------------------------

    def create(
        self, container: Container, layers: list[Mount], streams: Streams, pipes: Pipes, answer: Answer
    ) -> None:
        """The record is there already."""
        bundle, folder = container.bundle, self._records.folder(container.id)
        make_place(bundle, layers)
        birth = Birth(self._loop, folder, "init", streams, pipes, terminal=container.terminal)
        call = self._call(container, ["create", "--bundle", bundle, *birth.words, container.id])
        with birth.begin():
            self._commands.run(
                call,
                _answering(answer, lambda outcome: self._created(container, birth, outcome, answer)),
                pipes=pipes,
                before=lambda: mount_privately(bundle, layers),
            )

    def _created(self, container: Container, birth: Birth, outcome: Outcome, answer: Answer) -> None:
        if not outcome.ok:
            error = self._refusal(container, "create", outcome, birth.failed())
            container.deleting.append(_Failing(answer, error))
            self.delete(container)
            return
        task = birth.done(None, "ready")
        container.main, container.pid, container.start_time = task, task.pid, task.start_time
        self._records.write_state(container.state())
        self._keep(container, task)
        if container.deleting:
            self._keeper.kill_all(container)
        self._events.send("namespaces", id=container.id, pid=task.pid)
        answer.ok(pid=task.pid, start_time=task.start_time, warnings=[])

    def _keep(self, container: Container, task: Task) -> None:
        """Where it has been reaped already, what follows from that is done once the request has been answered."""
        self._keeper.keep(container, task)
        code = None if task.start_time else self._commands.orphan(task.pid)
        if code is not None:
            self._loop.later(lambda: self._keeper.ended(container, task, code))

    def start(self, container: Container, task: Task, answer: Answer) -> None:
        task.phase, container.started = "starting", True
        self._records.write_state(container.state())

        def done(outcome: Outcome) -> None:
            if not outcome.ok:
                answer.error(self._refusal(container, "start", outcome))
                return
            if task.phase == "starting":
                task.phase = "running"
            answer.ok()

        self._commands.run(self._call(container, ["start", container.id]), _answering(answer, done))

    def delete(self, container: Container) -> None:
        """Everything has ended: let the runtime clear up, then us, whatever it says; then answer who waits."""

        def done(_: Outcome) -> None:
            answers, container.deleting = container.deleting, []
            try:
                self._keeper.forget(container)
                remove_everywhere(container.group.path)
            except OSError as error:
                for answer in answers:
                    answer.error(error)
                raise
            for answer in answers:
                answer.ok()

        self._commands.run(self._call(container, ["delete", "--force", container.id]), done)

    # ---- further processes ------------------------------------------------------------------------

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
        folder = self._records.folder(container.id)
        file = f"{folder}/{exec_id}.json"
        _write(file, {**spec, "terminal": terminal})
        birth = Birth(self._loop, folder, exec_id, streams, pipes, terminal=terminal)

        def done(outcome: Outcome) -> None:
            discard(file)
            if not outcome.ok:
                answer.error(self._refusal(container, "exec", outcome, birth.failed()))
                return
            task = container.execs[exec_id] = birth.done(exec_id, "running")
            self._keep(container, task)
            answer.ok(pid=task.pid)

        words = ["exec", "--process", file, "--detach", *birth.words, container.id]
        with birth.begin():
            self._commands.run(self._call(container, words), _answering(answer, done), pipes=pipes)

    # ---- while it runs ----------------------------------------------------------------------------

    def kill(
        self, container: Container, number: int, answer: Answer, then: Callable[[], None], *, all: bool
    ) -> None:
        words = ["kill", *(["--all"] if all else []), container.id, str(number)]
        self._simple(container, words, answer, then)

    def pause(self, container: Container, answer: Answer, then: Callable[[], None]) -> None:
        self._simple(container, ["pause", container.id], answer, then)

    def resume(self, container: Container, answer: Answer, then: Callable[[], None]) -> None:
        self._simple(container, ["resume", container.id], answer, then)

    def update(self, container: Container, resources: dict[str, Any], answer: Answer) -> None:
        file = f"{self._records.folder(container.id)}/resources.json"
        _write(file, resources)
        words = ["update", "--resources", file, container.id]
        self._simple(container, words, answer, lambda: None, warnings=[])

    def _simple(
        self, container: Container, words: list[str], answer: Answer, then: Callable[[], None], **body: Any
    ) -> None:
        """One call; `then` when it has succeeded."""

        def done(outcome: Outcome) -> None:
            if outcome.ok:
                then()
                answer.ok(**body)
            elif container.exit is not None or not identity.alive(container.pid, container.start_time):
                answer.error(Conflict(f"container {container.id} is not running"))
            else:
                answer.error(outcome.error or SystemProblem(self._words(container, words[0], outcome)))

        self._commands.run(self._call(container, words), _answering(answer, done))

    @staticmethod
    def _words(container: Container, verb: str, outcome: Outcome) -> str:
        assert container.program is not None
        return f"OCI runtime {verb} failed: {container.program['name']}: {outcome.reason}"

    @staticmethod
    def _refusal(container: Container, verb: str, outcome: Outcome, printed: str = "") -> HytheError:
        """Why no process came of it."""
        assert container.program is not None
        if outcome.error is not None:
            return outcome.error
        reason = outcome.reason if not printed or not outcome.silent else printed
        return cannot_start(container.program, verb, reason)


def _answering(answer: Answer, done: Done) -> Done:
    """`done`, and whoever has asked gets an answer whatever goes wrong in it."""

    def guarded(outcome: Outcome) -> None:
        try:
            done(outcome)
        except Exception as error:
            answer.error(error)
            raise

    return guarded


class _Failing:
    """Answers with the error that was there first, once all is cleared up."""

    def __init__(self, answer: Answer, error: HytheError) -> None:
        self._answer = answer
        self._error = error

    def ok(self, **_: Any) -> None:
        self._answer.error(self._error)

    def error(self, error: BaseException) -> None:
        self._answer.error(error)


def _write(path: str, value: object) -> None:
    with open(path, "w") as file:
        json.dump(value, file)
