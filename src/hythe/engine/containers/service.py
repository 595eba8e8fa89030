"""The container use cases, as the API and the builder call them."""

from __future__ import annotations

import asyncio
import builtins
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack

import msgspec

from hythe.base.ids import new_id
from hythe.engine import logs
from hythe.engine.containers import links, logdrivers
from hythe.engine.containers.commit import Commit
from hythe.engine.containers.creation import ImageDefaults, mount_requests, new_record
from hythe.engine.containers.files import ContainerFiles
from hythe.engine.containers.health import HealthMonitor
from hythe.engine.containers.lifecycle import Lifecycle
from hythe.engine.containers.limits import checked
from hythe.engine.containers.parts import Parts
from hythe.engine.containers.removal import Removal
from hythe.engine.containers.usage import Usage
from hythe.engine.execs import Execs
from hythe.engine.explain.explanation import Explanation, explain
from hythe.engine.model import (
    AttachOptions,
    Container,
    ContainerSpec,
    EndpointRequest,
    ExitInfo,
    Healthcheck,
    HostOptions,
    LogLine,
    LogQuery,
)
from hythe.engine.names import check_name, random_name
from hythe.engine.runtime import Attachment
from hythe.engine.runtimes.portable import init_program
from hythe.engine.streams import parse_detach_keys, write_all
from hythe.errors import HytheError, InvalidArgument, NotFound
from hythe.store.images import Image
from hythe.wire import stdcopy

CREATING = 4


class Containers:
    def __init__(self, parts: Parts, execs: Execs) -> None:
        self._parts, self._registry = parts, parts.registry
        self._creating = asyncio.Semaphore(CREATING)
        self.removal = Removal(parts, execs)
        self.lifecycle = Lifecycle(parts, self.removal.discard)
        self.removal.kill = self.lifecycle.kill
        self.health = HealthMonitor(parts, execs.probe)
        self.files = ContainerFiles(parts)
        self.usage = Usage(parts)
        self.lifecycle.on_started = self.health.watch
        self.lifecycle.on_stopped = self.health.forget
        self.health.on_unhealthy = self.lifecycle.unhealthy
        self.remove, self.prune = self.removal.remove, self.removal.prune
        self.stats, self.top, self.update = self.usage.stats, self.usage.top, self.usage.update
        self.changes, self.size, self.layers = self.usage.changes, self.usage.size, self.usage.layers
        self.log_size = self.usage.log_size
        self.archive_stat, self.archive_get = self.files.archive_stat, self.files.archive_get
        self.archive_put, self.export = self.files.archive_put, self.files.export
        self.commit = Commit(parts, self.lifecycle).commit

    # ---- creation -----------------------------------------------------------------------------

    async def create(self, name: str | None, spec: ContainerSpec) -> tuple[str, builtins.list[str]]:
        """(id, warnings). Everything is checked before anything is made.

        A few at a time: what lists containers while a hundred are asked for need not wait for all of them.
        """
        async with self._creating:
            return await self._create(name, spec)

    async def _create(self, name: str | None, spec: ContainerSpec) -> tuple[str, builtins.list[str]]:
        host, warnings = checked(spec.host, self.usage.limits)
        spec = msgspec.structs.replace(spec, host=host)
        image = self._parts.images.get(spec.image)
        defaults = _defaults(image)
        spec.host.runtime = self._parts.runtimes.name(spec.host.runtime)
        if spec.host.init and self._parts.runtimes.program(spec.host.runtime) is not None:
            init_program()
        requests = mount_requests(spec, defaults)
        id = new_id()
        chosen = check_name(name) if name else random_name(self._registry.names())
        record = new_record(id, chosen, spec, defaults)
        record.hostname = spec.hostname or self._shared_hostname(spec.host) or record.hostname
        self._parts.networks.check(record)
        links.check(record, self._registry)
        self._registry.reserve(chosen, id)
        async with AsyncExitStack() as undo:
            undo.callback(self._registry.release, chosen)
            self._parts.images.snapshots.prepare(id, self._parts.images.chain(image))
            undo.callback(self._parts.images.snapshots.remove, id)
            layers = self._parts.images.snapshots.paths(id)[1] if requests else []
            undo.push_async_callback(self._parts.volumes.drop_anonymous, record)
            for request in requests:
                record.mounts.append(await self._parts.volumes.resolve(request, layers))
            self._registry.add(record)
            undo.pop_all()
        self._parts.publish(record, "create")
        return id, warnings

    def _shared_hostname(self, host: HostOptions) -> str:
        """Of the host or the container whose network is shared; "" for a network of its own."""
        if host.network_mode == "host":
            return socket.gethostname()
        if host.network_mode.startswith("container:"):
            return self.get(host.network_mode.removeprefix("container:")).hostname
        return ""

    # ---- looking ------------------------------------------------------------------------------

    def get(self, ref: str) -> Container:
        return self._registry.find(ref).record

    def list(self) -> builtins.list[Container]:
        """Newest first."""
        return sorted((h.record for h in self._registry), key=lambda c: c.created, reverse=True)

    async def explain(self, ref: str, sections: Sequence[str] = ()) -> Explanation:
        """What the container is made of, as the kernel has it now; `sections` none is all."""
        return await explain(ref, sections, self._parts)

    # ---- life cycle ---------------------------------------------------------------------------

    async def start(self, ref: str) -> None:
        await self.lifecycle.start(self._registry.find(ref))

    async def stop(self, ref: str, timeout: float | None = None, signal: str | None = None) -> None:
        await self.lifecycle.stop(self._registry.find(ref), timeout, signal)

    async def kill(self, ref: str, signal: str | int = "SIGKILL") -> None:
        await self.lifecycle.kill(self._registry.find(ref), signal)

    async def restart(self, ref: str, timeout: float | None = None, signal: str | None = None) -> None:
        await self.lifecycle.restart(self._registry.find(ref), timeout, signal)

    async def pause(self, ref: str) -> None:
        await self.lifecycle.pause(self._registry.find(ref))

    async def unpause(self, ref: str) -> None:
        await self.lifecycle.unpause(self._registry.find(ref))

    async def rename(self, ref: str, name: str) -> None:
        handle = self._registry.find(ref)
        new = check_name(name)
        async with handle.lock:
            handle.check_exists()
            old = handle.record.name
            if new == old:
                raise InvalidArgument("Renaming a container with the same name as its current name")
            self._registry.reserve(new, handle.id)
            handle.record.name = new
            self._registry.release(old)
            self._registry.save(handle, must=True)
        self._parts.publish(handle.record, "rename", oldName=f"/{old}")

    async def remove_link(self, ref: str, alias: str) -> None:
        """Take away a name that the container has for another, from its next start on. Raises NotFound."""
        handle = self._registry.find(ref)
        async with handle.lock:
            host = msgspec.structs.replace(handle.record.spec.host, links=links.without(handle.record, alias))
            handle.record.spec = msgspec.structs.replace(handle.record.spec, host=host)
            self._registry.save(handle, must=True)

    def waiter(self, ref: str, condition: str = "not-running") -> asyncio.Future[ExitInfo]:
        """How it ended, once `condition` holds: "not-running", "next-exit" or "removed"; counts from this call."""
        if condition not in ("not-running", "next-exit", "removed"):
            raise InvalidArgument(f"invalid condition: {condition!r}")
        return self._registry.find(ref).waiter(condition)

    # ---- streams ------------------------------------------------------------------------------

    def announce(self, ref: str) -> AbstractContextManager[None]:
        """To be held from before a client is told that it is attached until `attach` has returned."""
        return self._registry.find(ref).announce()

    async def attach(self, ref: str, fd: int, head: bytes, options: AttachOptions) -> None:
        """Hand a client's socket to the runtime; `fd` is the engine's from here on, also on errors."""
        try:
            handle = self._registry.find(ref)
            record = handle.record
            keys = parse_detach_keys(options.detach_keys) if record.spec.tty else ()
            if options.logs:
                await self._replay(ref, fd, options)
        except BaseException:
            os.close(fd)
            raise
        if not options.stream:
            os.close(fd)
            return
        stdin = options.stdin and record.spec.open_stdin
        attachment = Attachment(fd, stdin, options.stdout, options.stderr, not record.spec.tty, keys, head)
        self._parts.publish(record, "attach")
        await self.lifecycle.attach(handle, attachment)

    async def _replay(self, ref: str, fd: int, options: AttachOptions) -> None:
        """Write what is in the log to a client that attaches and wants that first."""
        query = LogQuery(stdout=options.stdout, stderr=options.stderr, split=False)
        multiplexed = not self.get(ref).spec.tty
        async for line in self.logs(ref, query):
            data = stdcopy.encode(line.stream, line.data) if multiplexed else line.data
            await asyncio.to_thread(write_all, fd, data)

    async def reopen_log(self, ref: str) -> None:
        """Begin the file of a log anew that others rotate: they have moved it. Raises Conflict, Unsupported."""
        handle = self._registry.find(ref)
        handle.check_runs()
        await self._parts.runtime.reopen_log(handle.id)

    async def resize(self, ref: str, height: int, width: int) -> None:
        handle = self._registry.find(ref)
        handle.check_runs()
        await self._parts.runtime.resize(handle.id, None, height, width)

    def logs(self, ref: str, query: LogQuery) -> AsyncIterator[LogLine]:
        """Lines of the log, oldest first; with `follow` until the container ends."""
        handle = self._registry.find(ref)
        if handle.record.spec.host.log.driver == "none":
            raise InvalidArgument("configured logging driver does not support reading")
        path = logdrivers.log_file(handle.record, self._parts.paths.log(handle.id)).path
        return logs.read(path, query, handle.idle)

    # ---- networks -----------------------------------------------------------------------------

    async def connect(self, network: str, ref: str, request: EndpointRequest) -> None:
        handle = self._registry.find(ref)
        async with handle.lock:
            handle.check_exists()
            await self._parts.networks.connect(handle.record, network, request)
            self._registry.save(handle)
            if handle.running:
                self.lifecycle.refresh_files(handle.record)

    async def disconnect(self, network: str, ref: str, *, force: bool = False) -> None:
        try:
            handle = self._registry.find(ref)
        except NotFound:
            if force:
                return
            raise
        async with handle.lock:
            handle.check_exists()
            await self._parts.networks.disconnect(handle.record, network)
            self._registry.save(handle)
            if handle.running:
                self.lifecycle.refresh_files(handle.record)

    async def stop_all(self, timeout: float | None = None) -> None:
        """End every container, at once and in parallel."""
        running = [h for h in self._registry if h.running or h.record.state.status == "restarting"]
        ended = await asyncio.gather(
            *(self.lifecycle.stop(h, timeout, None) for h in running), return_exceptions=True
        )
        for problem in ended:
            if isinstance(problem, BaseException) and not isinstance(problem, HytheError):
                raise problem

    def close(self) -> None:
        """Stop watching: health checks and waits for a restart end with the daemon, not the containers."""
        for handle in self._registry:
            self.health.forget(handle)
            handle.cancel_restart()


def _defaults(image: Image) -> ImageDefaults:
    """What the image's configuration says about running it."""
    config = image.config.config
    check = config.healthcheck
    return ImageDefaults(
        id=image.id,
        command=config.cmd or [],
        entrypoint=config.entrypoint or [],
        env=config.env or [],
        user=config.user,
        working_dir=config.working_dir,
        labels=config.labels or {},
        exposed_ports=builtins.list(config.exposed_ports or ()),
        volumes=builtins.list(config.volumes or ()),
        stop_signal=config.stop_signal,
        healthcheck=None if check is None else Healthcheck(**msgspec.structs.asdict(check)),
    )
