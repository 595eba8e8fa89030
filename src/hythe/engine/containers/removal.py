"""Taking containers away: `rm`, `rm -f`, --rm and prune. Nothing of a removed container is left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress

from hythe.engine import logfiles
from hythe.engine.containers.handle import Handle
from hythe.engine.containers.parts import Parts
from hythe.engine.execs import Execs
from hythe.engine.model import Container
from hythe.errors import Conflict, NotFound


class Removal:
    def __init__(self, parts: Parts, execs: Execs) -> None:
        self._parts, self._execs = parts, execs
        self.kill: Callable[[Handle, str | int], Awaitable[None]]

    async def remove(self, ref: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove a stopped container; with `force` end it first. Anonymous volumes go with `volumes`."""
        handle = self._parts.registry.find(ref)
        while not await self._remove(handle, force=force, volumes=volumes):
            with suppress(Conflict, NotFound):  # it has ended by itself, or another has removed it
                await self.kill(handle, "SIGKILL")

    async def discard(self, handle: Handle) -> None:
        """--rm: the container and its anonymous volumes; unless another client has started it again."""
        await self._remove(handle, force=True, volumes=True)

    async def _remove(self, handle: Handle, *, force: bool, volumes: bool) -> bool:
        """False, with `force`, for one that runs and is to be ended first. Raises Conflict without."""
        parts, record = self._parts, handle.record
        async with handle.lock:
            if handle.removed:
                return True
            if handle.running or record.state.status == "restarting":
                if not force:
                    raise _live(record)
                if handle.running:
                    return False
            handle.cancel_restart()
            parts.registry.remove(handle)
            self._execs.forget(handle.id)
            while handle.attaching:
                os.close(handle.attaching.pop().fd)
            await asyncio.to_thread(self._remove_files, handle)
            if volumes:
                await parts.volumes.drop_anonymous(record)
        handle.resolve("removed", "not-running", "next-exit")
        parts.publish(record, "destroy")
        return True

    def _remove_files(self, handle: Handle) -> None:
        self._parts.images.snapshots.remove(handle.record.snapshot)
        try:
            self._parts.images.get(handle.record.image_id)
        except NotFound:
            self._parts.images.collect()  # the image was removed by force; this container held its layers
        for folder in (self._parts.paths.bundle(handle.id), self._parts.paths.log(handle.id).parent):
            shutil.rmtree(folder, ignore_errors=True)

    def _size(self, handle: Handle) -> int:
        """Bytes that it has written, and those of its log."""
        written = self._parts.images.snapshots.usage(handle.record.snapshot)
        return written + logfiles.size(self._parts.paths.log(handle.id))

    async def prune(self, accept: Callable[[Container], bool]) -> tuple[list[str], int]:
        """Remove all that do not run and that `accept` lets go: (ids, bytes freed)."""
        removed, freed = [], 0
        for handle in self._parts.registry:
            record = handle.record
            if record.state.status not in ("created", "exited", "dead") or not accept(record):
                continue
            size = await asyncio.to_thread(self._size, handle)
            try:
                await self._remove(handle, force=False, volumes=False)
            except (Conflict, NotFound):
                continue
            removed.append(handle.id)
            freed += size
        return removed, freed


def _live(record: Container) -> Conflict:
    status, first = record.state.status, "stop"
    if status == "paused":
        first = "unpause"
    return Conflict(
        f'cannot remove container "/{record.name}": container is {status}: '
        f"{first} the container before removing it or force remove"
    )
