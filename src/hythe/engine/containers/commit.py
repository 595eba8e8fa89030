"""`commit`: an image of what a container has become, its settings included."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from hythe.engine.containers.handle import Handle
from hythe.engine.containers.lifecycle import Lifecycle
from hythe.engine.containers.parts import Parts
from hythe.engine.model import Container
from hythe.errors import Conflict, NotFound, Unsupported
from hythe.oci.image import HealthConfig, History, ImageConfig, RootFS, RunConfig
from hythe.store.image import Image
from hythe.store.instructions import apply_changes
from hythe.wire.times import format_time


class Commit:
    def __init__(self, parts: Parts, lifecycle: Lifecycle) -> None:
        self._parts, self._lifecycle = parts, lifecycle

    async def commit(
        self,
        ref: str,
        name: str | None,
        *,
        author: str,
        comment: str,
        pause: bool,
        changes: Sequence[str],
        config: RunConfig | None = None,
    ) -> str:
        """The new image's id. A running container is paused meanwhile, unless `pause` is false.

        `changes` are Dockerfile instructions on top of `config`, if given; what that leaves open is the container's.
        """
        handle = self._parts.registry.find(ref)
        if name:
            self._parts.images.check_name(name)
        own = run_config(handle.record)
        run = own if config is None else config
        apply_changes(run, changes)
        if config is not None:
            complete(run, own)
        halt = pause and handle.record.state.status == "running" and await self._halted(handle)
        try:
            image = await asyncio.to_thread(self._make, handle, name, run, author, comment)
        finally:
            if halt:
                with suppress(Conflict, NotFound):  # another has, or it has ended
                    await self._lifecycle.unpause(handle)
        self._parts.publish(handle.record, "commit", comment=comment, imageID=image.id)
        return image.id

    async def _halted(self, handle: Handle) -> bool:
        """False if it has ended meanwhile, or is about to."""
        try:
            await self._lifecycle.pause(handle)
        except Conflict:
            return False
        except Unsupported as error:
            raise Unsupported(error.message, hint="commit it as it runs: --pause=false") from error
        return True

    def _make(self, handle: Handle, name: str | None, run: RunConfig, author: str, comment: str) -> Image:
        images, record = self._parts.images, handle.record
        base = images.get(record.image_id)
        layer = images.snapshots.commit(record.snapshot, keep=True)
        layers = [*images.layers(base), layer]
        created = format_time(time.time_ns())
        document = ImageConfig(
            architecture=base.config.architecture,
            variant=base.config.variant,
            created=created,
            author=author or base.config.author,
            config=run,
            container=record.id,
            container_config={
                **msgspec.to_builtins(run_config(record)),
                "Hostname": record.hostname,
                "Image": record.spec.image,
            },
            rootfs=RootFS(diff_ids=[part.diff_id for part in layers]),
            history=[*base.config.history, History(created, " ".join(record.args), author, comment)],
        )
        return images.create(document, layers, [name] if name else [], parent=base.id)


def run_config(record: Container) -> RunConfig:
    """A container's settings as an image would say them."""
    check = record.healthcheck
    return RunConfig(
        user=record.user,
        exposed_ports={port: {} for port in record.exposed_ports} or None,
        env=record.env,
        cmd=record.command or None,
        entrypoint=record.entrypoint or None,
        volumes={mount.target: {} for mount in record.mounts if mount.anonymous} or None,
        working_dir=record.working_dir,
        labels=record.labels or None,
        stop_signal="" if record.stop_signal == "SIGTERM" else record.stop_signal,
        healthcheck=None if check is None else HealthConfig(**msgspec.structs.asdict(check)),
    )


def complete(run: RunConfig, own: RunConfig) -> None:
    """Fill in what `run` leaves open from the container's own: lists are joined, by name or key, in favour of `run`."""
    run.user = run.user or own.user
    run.working_dir = run.working_dir or own.working_dir
    run.stop_signal = run.stop_signal or own.stop_signal
    run.exposed_ports = (own.exposed_ports or {}) | (run.exposed_ports or {}) or None
    run.volumes = (own.volumes or {}) | (run.volumes or {}) or None
    run.labels = (own.labels or {}) | (run.labels or {}) or None
    given = {entry.partition("=")[0] for entry in run.env or []}
    run.env = [*(run.env or []), *(e for e in own.env or [] if e.partition("=")[0] not in given)]
    if not run.entrypoint:
        run.cmd = run.cmd or own.cmd
        run.entrypoint = own.entrypoint if run.entrypoint is None else None
    run.healthcheck = _check(run.healthcheck, own.healthcheck)


def _check(given: HealthConfig | None, own: HealthConfig | None) -> HealthConfig | None:
    """What the one leaves out is the other's."""
    if given is None or own is None:
        return given or own
    fields = msgspec.structs.asdict(given)
    return HealthConfig(**{name: value or getattr(own, name) for name, value in fields.items()})
