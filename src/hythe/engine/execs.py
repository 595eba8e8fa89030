"""Further processes in running containers: created, started with or without a client, inspected.

An exec lives in memory: it cannot outlive its container, and the warden keeps it through a restart of the
daemon. The last `KEPT` that have ended can still be asked for their exit code.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress

from hythe.base.ids import new_id
from hythe.engine.bundle.process import capability_sets, process
from hythe.engine.containers import links
from hythe.engine.containers.handle import Handle
from hythe.engine.containers.parts import Parts
from hythe.engine.containers.surroundings import user_in
from hythe.engine.model import Exec, ExecSpec
from hythe.engine.runtime import Attachment, Exit, Streams
from hythe.engine.runtimes.portable import portable_process
from hythe.engine.security import ALL
from hythe.engine.streams import Pipe, parse_detach_keys, write_all
from hythe.errors import CannotStart, Conflict, HytheError, InvalidArgument, NotFound
from hythe.oci.spec import Process
from hythe.wire import stdcopy

KEPT = 1000


class Execs:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._execs: dict[str, Exec] = {}
        self._waiting: dict[str, asyncio.Future[int]] = {}

    async def create(self, ref: str, spec: ExecSpec) -> str:
        handle = self._parts.registry.find(ref)
        self._need_running(handle)
        if not spec.args:
            raise InvalidArgument("No exec command specified", hint="name the program to run")
        parse_detach_keys(spec.detach_keys)
        exec = Exec(new_id(), handle.id, spec)
        self._execs[exec.id] = exec
        self._parts.publish(handle.record, f"exec_create: {_shown(spec)}", execID=exec.id)
        return exec.id

    def get(self, id: str) -> Exec:
        exec = self._execs.get(id)
        if exec is None:
            raise NotFound(f"No such exec instance: {id}")
        return exec

    def of(self, container_id: str) -> list[str]:
        """Ids of the execs that run in a container."""
        return [e.id for e in self._execs.values() if e.container_id == container_id and e.running]

    async def start(
        self,
        id: str,
        fd: int | None,
        head: bytes = b"",
        *,
        detach: bool = False,
        raw: bool = False,
        size: tuple[int, int] | None = None,
    ) -> None:
        """Run it. `fd` is the client's socket (ours from now on); `size` is (height, width) of its terminal.

        `raw`: the client reads bare output, not frames; dockerd asks nobody but the client, not the exec's terminal.

        A program that cannot be run is told to the client on its stream, as docker does, and as CannotStart.
        """
        told = os.dup(fd) if fd is not None else None
        try:
            await self._start(self.get(id), fd, head, detach=detach, raw=raw, size=size)
        except HytheError as error:
            if told is not None:
                _tell(told, error.message, raw=raw)
            raise
        finally:
            if told is not None:
                os.close(told)

    async def _start(
        self,
        exec: Exec,
        fd: int | None,
        head: bytes,
        *,
        detach: bool,
        raw: bool,
        size: tuple[int, int] | None,
    ) -> None:
        spec = exec.spec
        attachment = None
        if fd is not None:
            keys = parse_detach_keys(spec.detach_keys) if spec.tty else ()
            attachment = Attachment(
                fd, spec.attach_stdin, spec.attach_stdout, spec.attach_stderr, not raw, keys, head
            )
        try:
            handle = self._parts.registry.find(exec.container_id)
            self._need_running(handle)
            if exec.started:
                raise Conflict(f"exec {exec.id} has already been started")
            described = self._process(handle, spec, size)
        except BaseException:
            if fd is not None:
                os.close(fd)
            raise
        exec.started = exec.running = True
        streams = Streams(spec.tty, spec.attach_stdin and not detach)
        # told before, since a quick program may have ended by the time the answer is here
        self._parts.publish(handle.record, f"exec_start: {_shown(spec)}", execID=exec.id)
        try:
            exec.pid = await self._parts.runtime.exec(handle.id, exec.id, described, streams, attachment)
        except HytheError as error:
            code = error.exit_code if isinstance(error, CannotStart) else 126
            self._ended(exec, code)
            raise

    def _need_running(self, handle: Handle) -> None:
        handle.check_runs()
        if handle.record.state.status == "paused":
            raise Conflict(f"Container {handle.id} is paused, unpause the container before exec")

    def _process(self, handle: Handle, spec: ExecSpec, size: tuple[int, int] | None) -> Process:
        """The container's process with the exec's own program, user, environment and rights."""
        record = handle.record
        try:
            user = user_in(record.state.pid, spec.user or record.user, record.spec.host)
        except (FileNotFoundError, ProcessLookupError) as error:
            raise Conflict(f"container {handle.id} is not running") from error  # its end is not told yet
        linked = links.variables(record, links.reached(record, self._parts.registry))
        base = process(record, user, linked)
        result: Process = {**base, "args": spec.args, "terminal": spec.tty}
        given = {entry.partition("=")[0] for entry in spec.env}
        result["env"] = [e for e in base["env"] if e.partition("=")[0] not in given] + spec.env
        if spec.tty and not any(e.startswith("TERM=") for e in result["env"]):
            result["env"].append("TERM=xterm")
        if spec.working_dir:
            result["cwd"] = spec.working_dir
        granted = list(ALL) if spec.privileged else base["capabilities"]["bounding"]
        result["capabilities"] = capability_sets(granted, user.uid)
        if self._parts.runtimes.program(record.spec.host.runtime) is not None:
            result = portable_process(result)
        if size is not None:
            result["consoleSize"] = {"height": size[0], "width": size[1]}
        return result

    def exited(self, exit: Exit) -> None:
        """Called for every exit of an exec."""
        exec = self._execs.get(exit.exec_id or "")
        if exec is None:
            return
        self._ended(exec, exit.exit_code)
        handle = self._parts.registry.get(exec.container_id)
        if handle is not None:
            code = str(exit.exit_code)
            self._parts.publish(handle.record, "exec_die", execID=exec.id, exitCode=code)

    def _ended(self, exec: Exec, code: int) -> None:
        exec.running, exec.exit_code = False, code
        future = self._waiting.pop(exec.id, None)
        if future is not None and not future.done():
            future.set_result(code)
        if len(self._execs) > KEPT:
            ended = [id for id, e in self._execs.items() if e.exit_code is not None]
            for id in ended[:-KEPT]:
                del self._execs[id]

    def forget(self, container_id: str) -> None:
        """Drop the execs of a container that is removed."""
        for id in [id for id, e in self._execs.items() if e.container_id == container_id]:
            del self._execs[id]

    def waiter(self, id: str) -> asyncio.Future[int]:
        """Its exit code, once there is one; to be asked for before its start."""
        self.get(id)
        return self._waiting.setdefault(id, asyncio.get_running_loop().create_future())

    async def signal(self, id: str, number: int) -> None:
        """Raises Conflict for one that does not run."""
        exec = self.get(id)
        if not exec.running:
            raise Conflict(f"exec {id} is not running")
        await self._parts.runtime.kill(exec.container_id, number, exec_id=id)

    async def resize(self, id: str, height: int, width: int) -> None:
        exec = self.get(id)
        if not exec.running:
            raise Conflict(f"exec {id} is not running")
        await self._parts.runtime.resize(exec.container_id, exec.id, height, width)

    async def probe(self, container_id: str, spec: ExecSpec, timeout: float) -> tuple[int, bytes]:
        """Run one command to its end, or kill it after `timeout` seconds; (exit code, its output)."""
        output = bytearray()

        def take(chunk: bytes) -> None:
            output.extend(chunk[: 65536 - len(output)])

        try:
            return await self._run(container_id, spec, timeout, take, multiplexed=False), bytes(output)
        except TimeoutError:
            return -1, f"Health check exceeded timeout ({timeout:g}s)".encode()

    async def run(
        self, ref: str, spec: ExecSpec, timeout: float | None, limit: int
    ) -> tuple[int, bytes, bytes]:
        """Run one command to its end: (exit code, output, errors), of each the first `limit` bytes.

        Raises TimeoutError after `timeout` seconds, the command having been killed.
        """
        handle = self._parts.registry.find(ref)
        self._need_running(handle)
        outputs, decoder = {1: bytearray(), 2: bytearray()}, stdcopy.Decoder()

        def take(chunk: bytes) -> None:
            for stream, data in decoder.feed(chunk):
                kept = outputs[stream]
                kept.extend(data[: limit - len(kept)])

        code = await self._run(handle.id, spec, timeout, take, multiplexed=True)
        return code, bytes(outputs[1]), bytes(outputs[2])

    async def _run(
        self,
        container_id: str,
        spec: ExecSpec,
        timeout: float | None,
        take: Callable[[bytes], None],
        *,
        multiplexed: bool,
    ) -> int:
        handle = self._parts.registry.find(container_id)
        id, pipe = new_id(), Pipe()
        self._execs[id] = Exec(id, container_id, spec, running=True, started=True)
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[id] = ended

        async def collect() -> int:
            async for chunk in pipe.chunks():
                take(chunk)
            return await ended

        try:
            attachment = Attachment(pipe.theirs, False, True, True, multiplexed=multiplexed)
            described = self._process(handle, spec, None)
            await self._parts.runtime.exec(container_id, id, described, Streams(), attachment)
            return await asyncio.wait_for(collect(), timeout)
        except (TimeoutError, asyncio.CancelledError):
            with suppress(HytheError):  # it has ended just now
                await self._parts.runtime.kill(container_id, 9, exec_id=id)
            raise
        finally:
            pipe.close()
            self._waiting.pop(id, None)
            self._execs.pop(id, None)


def _shown(spec: ExecSpec) -> str:
    """As events show it: the program, a space, and its arguments, if any."""
    return f"{spec.args[0]} {' '.join(spec.args[1:])}"


def _tell(fd: int, message: str, *, raw: bool) -> None:
    """Write an error to a client that has only its stream."""
    text = message.encode() + (b"\r\n" if raw else b"\n")
    write_all(fd, text if raw else stdcopy.encode(2, text))
