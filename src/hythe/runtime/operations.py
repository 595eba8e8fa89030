"""What the daemon may ask of the warden: one method an operation, named as in the protocol.

Each checks its request before anything is done and then either answers at once or leaves the answer to the
process that is being made. What it raises becomes the request's error.
"""

from __future__ import annotations

import base64
import json
import os
import signal
from collections.abc import Callable
from typing import Any

from hythe.errors import Conflict, InvalidArgument, NotFound, Unsupported
from hythe.kernel.cgroups import check
from hythe.runtime import validate
from hythe.runtime.attachment import Wanted
from hythe.runtime.container import Container
from hythe.runtime.init import namespaces
from hythe.runtime.logdrivers import open_log
from hythe.runtime.protocol import LIST_LIMIT, VERSION
from hythe.runtime.supervisor import Supervisor
from hythe.runtime.task import Answer


class Operations:
    """`handle` is given every request."""

    def __init__(self, supervisor: Supervisor, shutdown: Callable[[], None]) -> None:
        self._supervisor = supervisor
        self._shutdown = shutdown
        self._table: dict[str, Callable[[dict[str, Any], list[int], Answer], None]] = {
            name: getattr(self, name)
            for name in (
                "hello", "create", "start", "exec", "attach", "resize", "kill", "pause", "resume", "update",
                "delete", "shutdown", "reopen_log",
            )
        }  # fmt: skip
        self._table["list"] = self.list_all

    def handle(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        """Raises HytheError and OSError; descriptors that are kept are taken out of `fds`."""
        operation = self._table.get(str(request.get("op")))
        if operation is None:
            raise InvalidArgument(f"unknown operation: {request.get('op')!r}")
        operation(request, fds, answer)

    def hello(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        answer.ok(pid=os.getpid(), version=VERSION)

    # ---- life -------------------------------------------------------------------------------------

    def create(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        id = validate.identifier(request["id"])
        if id in self._supervisor.containers:
            raise Conflict(f"container {id} exists already")
        bundle, program = request["bundle"], request.get("runtime")
        spec = _read_config(bundle)
        if program is None:
            _known(validate.spec(spec))
            if "mount" not in namespaces.own(spec["linux"]):
                raise InvalidArgument("config.json: linux.namespaces needs a new mount namespace")
        else:
            validate.program(program)
            validate.foreign_spec(spec)
        linux, terminal = spec["linux"], bool(request.get("terminal"))
        layers = request.get("rootfs") or []
        group = self._supervisor.layout.group(linux["cgroupsPath"], linux.get("resources"))
        own_pid = "pid" in namespaces.own(linux)
        plan = filter = None
        if program is None:
            plan = self._supervisor.plan(id, spec, bundle, layers, group, terminal=terminal)
            filter = plan.filter
        container = Container(
            id, bundle, group, terminal=terminal, own_pid=own_pid, filter=filter, program=program
        )
        log = open_log(request["log"]) if request.get("log") else None
        streams, pipes = self._supervisor.streams(
            id,
            None,
            terminal=terminal,
            stdin=bool(request.get("stdin")),
            ends_stdin=bool(request.get("stdin_once")),
            log=log,
        )
        if plan is not None:
            self._supervisor.create(container, plan, streams, pipes, answer)
        else:
            self._supervisor.create_foreign(container, layers, streams, pipes, answer)

    def start(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        container = self._supervisor.get(request["id"])
        if container.status != "created" or container.main is None or container.main.phase != "ready":
            raise Conflict(f"container {container.id} is {container.status}, not created")
        self._supervisor.start(container, container.main, answer)

    def exec(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        container = self._supervisor.get(request["id"])
        exec_id = validate.identifier(request["exec"], "exec id")
        if container.status != "running":
            raise Conflict(f"container {container.id} is {container.status}, not running")
        if exec_id in container.execs:
            raise Conflict(f"exec {exec_id} exists already")
        process = request["process"]
        _known(validate.process(process))
        body = request.get("attach")
        wanted = None if body is None else _wanted(body, fds)
        terminal = bool(request.get("terminal"))
        streams, pipes = self._supervisor.streams(
            container.id,
            exec_id,
            terminal=terminal,
            stdin=bool(request.get("stdin")),
            ends_stdin=True,
            log=None,
        )
        if wanted is not None:
            streams.attach(fds.pop(0), wanted)
        run = self._supervisor.exec if container.program is None else self._supervisor.foreign.exec
        run(container, exec_id, process, streams, pipes, answer, terminal=terminal)

    def delete(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        container = self._supervisor.get(request["id"])
        self._supervisor.delete(container, answer, force=bool(request.get("force")))

    # ---- while it runs ----------------------------------------------------------------------------

    def attach(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        container = self._supervisor.get(request["id"])
        if container.adopted:
            raise Conflict(f"container {container.id} lost its streams with the warden that started it")
        task = container.task(request.get("exec"))
        wanted = _wanted(request, fds)
        task.streams.attach(fds.pop(0), wanted)
        answer.ok()

    def resize(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        task = self._supervisor.get(request["id"]).task(request.get("exec"))
        task.streams.resize(int(request["height"]), int(request["width"]))
        answer.ok()

    def reopen_log(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        task = self._supervisor.get(request["id"]).task(None)
        task.streams.reopen_log()
        answer.ok()

    def kill(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        container = self._supervisor.get(request["id"])
        number = int(request["signal"])
        if number not in signal.valid_signals():
            raise InvalidArgument(f"signal {number} does not exist")
        if container.exit is not None or not container.pid:
            raise Conflict(f"container {container.id} is not running")
        everyone, exec_id = bool(request.get("all")), request.get("exec")
        if container.program is not None and exec_id is None:
            self._supervisor.foreign.kill(
                container, number, answer, lambda: _killed(container, number), all=everyone
            )
            container.killed = container.killed or number == signal.SIGKILL
            return
        if everyone:
            _kill_all(container, number)
        else:
            os.kill(container.pid if exec_id is None else container.task(exec_id).pid, number)
        if exec_id is None:
            _killed(container, number)
        answer.ok()

    def pause(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        container = self._supervisor.get(request["id"])
        if container.status != "running":
            raise Conflict(f"container {container.id} is {container.status}, not running")
        if container.killed:
            raise Conflict(f"container {container.id} is not running: it has been killed")
        if container.program is not None:
            self._supervisor.foreign.pause(container, answer, lambda: _paused(container, True))
            return
        container.group.freeze()
        container.paused = True
        answer.ok()

    def resume(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        container = self._supervisor.get(request["id"])
        if not container.paused:
            raise Conflict(f"container {container.id} is not paused")
        if container.program is not None:
            self._supervisor.foreign.resume(container, answer, lambda: _paused(container, False))
            return
        container.group.thaw()
        container.paused = False
        answer.ok()

    def update(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        container = self._supervisor.get(request["id"])
        if container.program is not None:
            self._supervisor.foreign.update(container, request["resources"], answer)
            return
        check.check(request["resources"])
        answer.ok(warnings=container.group.limit(request["resources"]))

    # ---- the warden -------------------------------------------------------------------------------

    def list_all(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        after = request.get("after") or ""
        ids = sorted(id for id in self._supervisor.containers if id > after)
        page = ids[:LIST_LIMIT]
        entries = [self._supervisor.containers[id].entry() for id in page]
        answer.ok(containers=entries, next=page[-1] if len(ids) > len(page) else None)

    def shutdown(self, request: dict[str, Any], fds: list[int], answer: Answer) -> None:
        if self._supervisor.containers:
            raise Conflict(
                f"{len(self._supervisor.containers)} containers are left", hint="delete them first"
            )
        self._supervisor.end_spares()
        answer.ok()
        self._shutdown()


def _read_config(bundle: str) -> dict[str, Any]:
    try:
        with open(f"{bundle}/config.json", "rb") as file:
            config = json.load(file)
    except FileNotFoundError as error:
        raise NotFound(f"the bundle {bundle} has no config.json") from error
    except ValueError as error:
        raise InvalidArgument(f"{bundle}/config.json is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise InvalidArgument(f"{bundle}/config.json is not a JSON object")
    return config


def _wanted(body: dict[str, Any], fds: list[int]) -> Wanted:
    """An attachment's options; raises InvalidArgument also when there is not exactly one descriptor."""
    if len(fds) != 1:
        raise InvalidArgument(f"attach needs one descriptor, and {len(fds)} came with the packet")
    framing = body.get("framing", "raw")
    if framing not in ("raw", "multiplexed"):
        raise InvalidArgument(f"unknown framing: {framing!r}")
    return Wanted(
        bool(body.get("stdin")),
        bool(body.get("stdout")),
        bool(body.get("stderr")),
        framing == "multiplexed",
        bytes(body.get("detach_keys") or ()),
        base64.b64decode(body.get("head") or ""),
    )


def _paused(container: Container, paused: bool) -> None:
    container.paused = paused


def _killed(container: Container, number: int) -> None:
    """A frozen process dies only when it is thawed, and is not frozen again."""
    if number != signal.SIGKILL:
        return
    container.killed = True
    if container.paused:
        container.group.thaw()
        container.paused = False


def _kill_all(container: Container, number: int) -> None:
    if number == signal.SIGKILL:
        container.group.kill()
        return
    for pid in container.group.processes():
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def _known(unknown: list[str]) -> None:
    """The warden's configurations are the engine's: what is unknown in them is a mistake there. Raises Unsupported."""
    if unknown:
        raise Unsupported(f"config.json: not supported by this runtime: {', '.join(unknown)}")
