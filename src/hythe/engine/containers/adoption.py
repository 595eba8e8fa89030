"""What a daemon does about containers when it comes up: adopt what lives, clean up after what does not.

Two sources are compared: the records in the database, and what the runtime holds. The record is written
before each step, so every crash leaves one of the few states that are handled here.
"""

from __future__ import annotations

import asyncio

from hythe.engine.containers.handle import Handle
from hythe.engine.containers.parts import Parts
from hythe.engine.containers.restart import wants_start_at_boot
from hythe.engine.containers.service import Containers
from hythe.engine.runtime import Running
from hythe.errors import HytheError

LOST = 255


class Adoption:
    def __init__(self, parts: Parts, containers: Containers) -> None:
        self._parts, self._containers = parts, containers
        self._held: dict[str, Running] = {}
        self._boot: set[asyncio.Task[None]] = set()

    async def live(self) -> dict[str, int]:
        """Container id -> pid of all that run now; to be told to the networks before `run`."""
        self._held = {held.id: held for held in await self._parts.runtime.containers()}
        return {
            handle.id: held.pid
            for handle in self._parts.registry
            if (held := self._held.get(handle.id)) is not None and held.status in ("running", "paused")
        }

    async def run(self) -> None:
        self._parts.images.snapshots.sweep(handle.record.snapshot for handle in self._parts.registry)
        known = set()
        for handle in self._parts.registry:
            known.add(handle.id)
            await self._one(handle, self._held.get(handle.id))
        for id in self._held.keys() - known:
            await self._parts.runtime.delete(id, force=True)

    async def _one(self, handle: Handle, held: Running | None) -> None:
        if held is not None and held.status in ("running", "paused"):
            await self._adopt(handle, held)
            return
        was_running = handle.running
        if held is not None and held.status == "stopped" and held.exit is not None and was_running:
            handle.idle.clear()
            self._containers.lifecycle.exited(held.exit)
            return
        if held is not None:
            await self._parts.runtime.delete(handle.id, force=True)
        await self._parts.networks.detach(handle.record)
        state = handle.record.state
        state.root_id, waited = 0, state.status == "restarting"
        if was_running or state.status in ("restarting", "removing"):
            state.status, state.pid = "exited", 0
            if was_running:
                state.exit_code, state.error = LOST, "ended while no daemon was running"
            self._parts.registry.save(handle)
        if handle.record.spec.host.auto_remove and state.status == "exited":
            await self._containers.removal.discard(handle)
        elif state.status == "exited" and (waited or wants_start_at_boot(handle.record)):
            task = asyncio.ensure_future(self._start(handle))
            self._boot.add(task)
            task.add_done_callback(self._boot.discard)

    async def _adopt(self, handle: Handle, held: Running) -> None:
        state = handle.record.state
        state.status, state.pid = ("paused" if held.status == "paused" else "running"), held.pid
        if state.root_id:
            self._parts.users.claim(state.root_id)
        handle.idle.clear()
        await self._parts.networks.resume(handle.record)
        self._parts.registry.save(handle)
        self._containers.health.watch(handle)

    async def _start(self, handle: Handle) -> None:
        try:
            await self._containers.lifecycle.start(handle)
        except HytheError:
            return  # the reason is in the container's state, where `ps` and `inspect` show it
