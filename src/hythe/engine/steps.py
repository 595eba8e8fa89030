"""RUN steps of a build, each in a container of its own that no `ps` shows.

The builder works in a thread and knows nothing of containers; `ContainerExecutor.run` brings one step over to
the event loop, where the runtime runs it with the default security and a network, and waits for it.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict

from hythe.base.ids import new_id
from hythe.build.api import BuildCancelled, RunStep
from hythe.engine.bundle.document import spec, write_bundle
from hythe.engine.bundle.surroundings import Surroundings
from hythe.engine.containers.parts import Parts
from hythe.engine.containers.surroundings import user_of, write_managed_files
from hythe.engine.model import Container, ContainerSpec, Endpoint, EndpointRequest, HostOptions
from hythe.engine.runtime import Attachment, Exit, Streams
from hythe.engine.streams import Pipe
from hythe.engine.usernamespaces import UserNamespace, idmaps, mapped, reason_for_host
from hythe.oci.spec import Mount
from hythe.wire import stdcopy

CANCEL_CHECK = 0.5
Output = Callable[[int, bytes], None]


class ContainerExecutor:
    """The builder's `Executor`, on top of the engine's runtime and networks."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, asyncio.Future[int]] = {}

    def run(self, step: RunStep, output: Output) -> int:
        """Run one step to its end: its exit code. Blocks; to be called from a thread other than the loop's."""
        return asyncio.run_coroutine_threadsafe(self._run(step, output), self._loop).result()

    def exited(self, exit: Exit) -> None:
        """Told of every exit that belongs to no container."""
        future = self._waiting.pop(exit.id, None)
        if future is not None and not future.done():
            future.set_result(exit.exit_code)

    async def _run(self, step: RunStep, output: Output) -> int:
        parts, record = self._parts, _record(step)
        user = user_of(step.rootfs, step.user)
        async with AsyncExitStack() as undo:
            owner, mounts = self._user_namespace(record, step, undo)
            around = Surroundings(
                folder=parts.paths.bundle(record.id),
                cgroup=parts.cgroup(record),
                user=user,
                namespaces={"network": "host" if step.network == "host" else ""},
                user_namespace=owner,
            )
            config = spec(record, around)
            config["mounts"] += mounts
            ended = self._waiting[record.id] = self._loop.create_future()
            undo.callback(self._waiting.pop, record.id, None)
            undo.callback(shutil.rmtree, around.folder, ignore_errors=True)
            write_bundle(around.folder, config, owner.root if owner is not None else 0)
            pipe = Pipe()
            undo.callback(pipe.close)
            undo.push_async_callback(parts.runtime.delete, record.id, force=True)
            pid = await parts.runtime.create(record.id, around.folder, step.rootfs, Streams())
            if not around.namespaces["network"]:
                undo.push_async_callback(parts.networks.detach, record)
                await parts.networks.attach(record, pid)
            write_managed_files(parts, record)
            attachment = Attachment(pipe.theirs, False, True, True, multiplexed=True)
            await parts.runtime.attach(record.id, None, attachment)
            await parts.runtime.start(record.id)
            watch = asyncio.ensure_future(self._kill_when_cancelled(record.id, step))
            undo.callback(watch.cancel)
            frames = stdcopy.Decoder()
            async for chunk in pipe.chunks():
                for stream, data in frames.feed(chunk):
                    output(stream, data)
            code: int = await ended
            if step.cancelled():
                raise BuildCancelled
            return code

    def _user_namespace(
        self, record: Container, step: RunStep, undo: AsyncExitStack
    ) -> tuple[UserNamespace | None, list[Mount]]:
        """As a container's by default, and the step's mounts to go with it."""
        users = self._parts.users
        if users.reason_for_host("") or reason_for_host(record.spec.host):
            return None, list(step.mounts)
        words = idmaps([one for one in step.mounts if one["type"] == "bind"], users)
        if not all(words.values()):
            return None, list(step.mounts)
        owner = UserNamespace(users.take())
        undo.callback(users.release, owner.root)
        return owner, [mapped(one, words) for one in step.mounts]

    async def _kill_when_cancelled(self, id: str, step: RunStep) -> None:
        """Whoever built has gone away: end the step. The builder has only a question to ask, so it is asked."""
        while not step.cancelled():
            await asyncio.sleep(CANCEL_CHECK)
        await self._parts.runtime.kill(id, signal.SIGKILL)


def _record(step: RunStep) -> Container:
    """A container that exists for this step only; it is in no registry."""
    id = step.id or new_id()
    host = HostOptions(
        network_mode=step.network or "default",
        extra_hosts=list(step.hosts),
        **asdict(step.limits),
    )
    connected = step.network not in ("host", "none")
    name = "bridge" if step.network in ("", "default") else step.network
    return Container(
        id=id,
        name=f"build-{id[:12]}",
        created=time.time_ns(),
        spec=ContainerSpec(image="", host=host),
        image_id="",
        args=list(step.args),
        env=list(step.env),
        user=step.user,
        working_dir=step.cwd,
        hostname=id[:12],
        labels={},
        exposed_ports=[],
        stop_signal="SIGTERM",
        healthcheck=None,
        entrypoint=[],
        command=list(step.args),
        endpoints={name: Endpoint("", name, EndpointRequest())} if connected else {},
    )
