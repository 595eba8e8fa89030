"""Start, restart, pause, and what follows an exit; stop and kill are in `stopping`.

A start runs under the container's lock and with an undo stack: bundle, process, networks and published ports
while the runtime mounts the root, then exec. Anything that fails takes back what was done and leaves the
reason in the state. An exit is taken in two steps: who waits is told at once, then, under the lock, networks
and cgroups are taken away, and the restart policy or --rm decides what comes next. Under the lock, a container
whose status is "restarting" has a task that waits to start it, and no other has.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

from hythe.engine.bundle.document import spec, write_bundle
from hythe.engine.containers import links, logdrivers
from hythe.engine.containers.handle import Handle
from hythe.engine.containers.parts import Parts
from hythe.engine.containers.restart import next_delay, restarts_unhealthy, wants_restart
from hythe.engine.containers.stopping import Stopping
from hythe.engine.containers.surroundings import surroundings, write_managed_files
from hythe.engine.containers.userns import give_back
from hythe.engine.model import Container
from hythe.engine.runtime import Attachment, Exit, Streams
from hythe.engine.runtimes.portable import portable
from hythe.errors import CannotStart, Conflict, HytheError, NotModified

ATTACH_SECONDS = 2.0
AT_ONCE = 8
"""Containers that are being made: more would only take turns, and everybody else would wait for all of them."""
log = logging.getLogger("hythe.engine")


class Lifecycle:
    """The verbs that concern a container's process. `remove` is given for --rm."""

    def __init__(self, parts: Parts, remove: Callable[[Handle], Awaitable[None]]) -> None:
        self._parts = parts
        self._remove = remove
        self._tasks: set[asyncio.Task[None]] = set()
        self._making = asyncio.Semaphore(AT_ONCE)
        self.stopping = Stopping(parts)
        self.stop, self.kill = self.stopping.stop, self.stopping.kill
        self.on_started: Callable[[Handle], None] = lambda _: None
        self.on_stopped: Callable[[Handle], None] = lambda _: None

    # ---- start --------------------------------------------------------------------------------

    async def start(self, handle: Handle) -> None:
        """Raises NotModified when it runs already or waits to be restarted."""
        async with handle.lock:
            handle.check_exists()
            state = handle.record.state
            if state.status == "paused":
                raise Conflict("cannot start a paused container, try unpause instead")
            if handle.running or state.status == "restarting":
                raise NotModified(f"container {handle.record.name} is already running")
            state.manually_stopped, state.restart_count, handle.restart_delay = False, 0, 0.0
            await self._start(handle)

    async def _start(self, handle: Handle) -> None:
        handle.idle.clear()
        try:
            await self._bring_up(handle)
        except Exception as error:
            self._failed(handle, error)
            raise
        self._parts.publish(handle.record, "start")
        self.on_started(handle)

    def _failed(self, handle: Handle, error: Exception) -> None:
        """A start that came to nothing: the state says why, and nobody waits on."""
        record, state = handle.record, handle.record.state
        state.status = "created" if state.started_at == 0 else "exited"
        state.exit_code = error.exit_code if isinstance(error, CannotStart) else 128
        state.pid, state.error, state.finished_at = 0, str(error), time.time_ns()
        give_back(record, self._parts)
        handle.idle.set()
        self._parts.registry.save(handle)
        self._parts.publish(record, "die", exitCode=str(state.exit_code))
        handle.resolve("next-exit", "not-running")
        if record.spec.host.auto_remove:
            self._spawn(self._remove(handle))

    async def _bring_up(self, handle: Handle) -> None:
        parts, record = self._parts, handle.record
        async with AsyncExitStack() as undo:
            async with self._making:
                pid = await self._made(handle, undo)
            state = record.state
            state.status, state.pid, state.error, state.oom_killed = "running", pid, "", False
            state.exit_code, state.started_at, state.health = 0, time.time_ns(), None
            parts.registry.save(handle, must=True)
            parts.volumes.publish_use("mount", record)
            with suppress(TimeoutError):
                await asyncio.wait_for(handle.all_attached.wait(), ATTACH_SECONDS)
            while handle.attaching:
                await parts.runtime.attach(record.id, None, handle.attaching.pop(0))
            await parts.runtime.start(record.id)
            undo.pop_all()

    async def _made(self, handle: Handle, undo: AsyncExitStack) -> int:
        """The process that waits to be started, with its networks; its pid."""
        parts, record = self._parts, handle.record
        program = parts.runtimes.program(record.spec.host.runtime)
        rootfs = parts.images.snapshots.mounts(record.snapshot)
        around = surroundings(record, parts, rootfs)
        config = spec(record, around)
        write_bundle(around.folder, config if program is None else portable(config), record.state.root_id)
        undo.push_async_callback(parts.runtime.delete, record.id, force=True)
        plugged: asyncio.Future[asyncio.Task[None]] = asyncio.get_running_loop().create_future()

        def plug(pid: int) -> None:
            task = asyncio.ensure_future(self._plug(record, pid))
            undo.push_async_callback(parts.networks.detach, record)
            undo.push_async_callback(asyncio.wait, [task])  # before that: it may still be at it
            plugged.set_result(task)

        own = not around.namespaces["network"]
        streams = self._streams(record.id, handle)
        pid = await parts.runtime.create(
            record.id, around.folder, rootfs, streams, plug if own else None, program
        )
        if own:
            await plugged.result()
        elif not record.spec.host.network_mode.startswith("container:"):
            write_managed_files(parts, record)
        return pid

    async def _plug(self, record: Container, pid: int) -> None:
        """The networks, and the files that say what came of them, while the runtime mounts the root."""
        await self._parts.networks.attach(record, pid)
        for one in (record, *links.linking(record, self._parts.registry)):
            write_managed_files(self._parts, one)

    def refresh_files(self, record: Container) -> None:
        """After the networks of a running container have changed."""
        write_managed_files(self._parts, record)

    def _streams(self, id: str, handle: Handle) -> Streams:
        wanted = handle.record.spec
        log = None
        if wanted.host.log.driver != "none":
            path = self._parts.paths.log(id)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            log = logdrivers.log_file(handle.record, path)
            log.path.parent.mkdir(parents=True, exist_ok=True)
        return Streams(wanted.tty, wanted.open_stdin, wanted.stdin_once, log)

    async def attach(self, handle: Handle, attachment: Attachment) -> None:
        """Connect a client now, or at the start if it does not run: then no output is lost.

        Without the lock, which a start holds while it waits for clients that are announced.
        """
        if handle.removed:
            os.close(attachment.fd)
        elif handle.running:
            await self._parts.runtime.attach(handle.id, None, attachment)
        else:
            handle.attaching.append(attachment)

    # ---- what a process may be told -----------------------------------------------------------

    async def restart(self, handle: Handle, timeout: float | None, signal_name: str | None) -> None:
        """Stop, then start: also where another client has done either meanwhile, and with --rm."""
        with handle.kept():
            with suppress(NotModified):
                await self.stopping.stop(handle, timeout, signal_name)
            with suppress(NotModified):
                await self.start(handle)
        self._parts.publish(handle.record, "restart")

    def unhealthy(self, handle: Handle) -> None:
        """Its health check has given it up: it is restarted if it has the label for that."""
        if restarts_unhealthy(handle.record):
            self._spawn(self._revive(handle))

    async def _revive(self, handle: Handle) -> None:
        log.warning("%s is unhealthy and is restarted", handle.record.name)
        with suppress(HytheError):  # removed, or the reason is in its state
            await self.restart(handle, None, None)

    async def pause(self, handle: Handle) -> None:
        async with handle.lock:
            handle.check_runs()
            if handle.record.state.status == "paused":
                raise Conflict(f"Container {handle.id} is already paused")
            await self._parts.runtime.pause(handle.id)
            handle.record.state.status = "paused"
            self._parts.registry.save(handle)
        self._parts.publish(handle.record, "pause")

    async def unpause(self, handle: Handle) -> None:
        async with handle.lock:
            handle.check_exists()
            if handle.record.state.status != "paused":
                raise Conflict(f"Container {handle.id} is not paused")
            await self._parts.runtime.resume(handle.id)
            handle.record.state.status = "running"
            self._parts.registry.save(handle)
        self._parts.publish(handle.record, "unpause")

    # ---- exit ---------------------------------------------------------------------------------

    def exited(self, exit: Exit) -> None:
        """Called on the event loop when the main process of a container has ended."""
        handle = self._parts.registry.get(exit.id)
        if handle is not None:
            self._spawn(self._finish(handle, exit))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, handle: Handle, exit: Exit) -> None:
        parts, record = self._parts, handle.record
        async with handle.lock:
            if handle.removed or not handle.running:
                return
            self.on_stopped(handle)
            state = record.state
            ran = (exit.at - state.started_at) / 1e9
            state.status, state.pid, state.exit_code = "exited", 0, exit.exit_code
            state.oom_killed, state.finished_at = exit.oom, exit.at or time.time_ns()
            if exit.oom:
                parts.publish(record, "oom")
            parts.publish(record, "die", exitCode=str(exit.exit_code), execDuration=str(int(ran)))
            again = wants_restart(record)
            if again:
                state.status, state.restart_count = "restarting", state.restart_count + 1
            # Who waits for the container's end hears of this one also if it is started again, as with dockerd.
            handle.resolve("next-exit", "not-running")
            for problem in await asyncio.gather(
                parts.networks.detach(record),
                parts.runtime.delete(record.id, force=True),
                return_exceptions=True,
            ):
                if problem is not None:
                    log.error("cleaning up after %s: %s", record.name, problem)
            parts.volumes.publish_use("unmount", record)
            give_back(record, parts)
            parts.registry.save(handle)
            handle.idle.set()
            if again:
                handle.restart_delay = next_delay(handle.restart_delay, ran)
                handle.restart = asyncio.ensure_future(self._restart_later(handle))
        if not again and record.spec.host.auto_remove and not handle.keepers:
            await self._remove(handle)

    async def _restart_later(self, handle: Handle) -> None:
        await asyncio.sleep(handle.restart_delay)
        async with handle.lock:
            if handle.restart is not asyncio.current_task():
                return
            handle.restart = None
            with suppress(HytheError):  # the reason is in the container's state
                await self._start(handle)
