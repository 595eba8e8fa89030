"""Ending what runs: stop, kill, and the wait for the end.

What is to happen is decided and the signal sent under the container's lock, so that it reaches the process that was
looked at; the wait for its end is without the lock. So while a container takes its ten seconds to stop, it can be
killed, paused, renamed, updated or removed by force, and a start says that it runs already.

A container that waits to be restarted has no process: to stop or kill it is to forget the restart.
"""

from __future__ import annotations

import asyncio
import signal

from hythe.engine.containers.handle import Handle
from hythe.engine.containers.parts import Parts
from hythe.engine.signals import parse_signal
from hythe.errors import Conflict, NotFound, NotModified, SystemProblem

DEFAULT_STOP_TIMEOUT = 10.0
KILL_SECONDS = 60.0
"""For a process to be gone after SIGKILL; the kernel may keep one that waits for a broken disk."""


class Stopping:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def stop(self, handle: Handle, timeout: float | None, signal_name: str | None) -> None:
        """Send the stop signal, then KILL after `timeout` seconds (-1: never). NotModified if not running."""
        record = handle.record
        number = parse_signal(signal_name or record.stop_signal)
        async with handle.lock:
            if self._settled(handle):
                return
            if not handle.running:
                raise NotModified(f"container {record.name} is not running")
            record.state.manually_stopped = True
            self._parts.registry.save(handle)
            await self._signal(handle, number)
            await self._thaw(handle)
        await self._end(handle, _timeout(handle, timeout))
        self._parts.publish(record, "stop")

    async def _end(self, handle: Handle, timeout: float) -> None:
        try:
            await asyncio.wait_for(handle.idle.wait(), None if timeout < 0 else timeout)
        except TimeoutError:
            await self._signal(handle, signal.SIGKILL)
            await self._gone(handle)

    async def kill(self, handle: Handle, signal_name: str | int) -> None:
        """Send one signal. KILL and the container's own stop signal are meant to end it: no restart follows."""
        record, number = handle.record, parse_signal(signal_name)
        async with handle.lock:
            if self._settled(handle):
                return
            if not handle.running:
                raise Conflict(f"cannot kill container: {record.name}: container {handle.id} is not running")
            if number in (signal.SIGKILL, parse_signal(record.stop_signal)):
                record.state.manually_stopped = True
                self._parts.registry.save(handle)
            await self._signal(handle, number)
            if _ends(handle, number):
                await self._thaw(handle)
        if number == signal.SIGKILL:
            await self._gone(handle)

    def _settled(self, handle: Handle) -> bool:
        """Whether it only waited to be restarted: it stays as it is. Raises NotFound for one that is gone."""
        handle.check_exists()
        state = handle.record.state
        if state.status != "restarting":
            return False
        handle.cancel_restart()
        state.status, state.manually_stopped = "exited", True
        self._parts.registry.save(handle)
        handle.resolve("not-running")
        return True

    async def _gone(self, handle: Handle) -> None:
        try:
            await asyncio.wait_for(handle.idle.wait(), KILL_SECONDS)
        except TimeoutError as error:
            raise SystemProblem(
                f"container {handle.record.name} is still there {KILL_SECONDS:.0f} seconds after SIGKILL",
                hint=f"see what its process {handle.record.state.pid} waits for: /proc/PID/stack",
            ) from error

    async def _thaw(self, handle: Handle) -> None:
        """Let a paused container take its signal; it may have ended of it meanwhile."""
        state = handle.record.state
        if state.status != "paused":
            return
        try:
            await self._parts.runtime.resume(handle.id)
        except (NotFound, Conflict):
            return
        state.status = "running"
        self._parts.registry.save(handle)
        self._parts.publish(handle.record, "unpause")

    async def _signal(self, handle: Handle, number: int) -> None:
        try:
            await self._parts.runtime.kill(handle.id, number)
        except (NotFound, Conflict):
            return
        self._parts.publish(handle.record, "kill", signal=str(number))


def _timeout(handle: Handle, asked: float | None) -> float:
    if asked is not None:
        return asked
    configured = handle.record.spec.stop_timeout
    return DEFAULT_STOP_TIMEOUT if configured is None else configured


def _ends(handle: Handle, number: int) -> bool:
    """Whether a paused container is thawed for it: for all signals where it names none to be stopped by."""
    own = parse_signal(handle.record.stop_signal)
    return number in (signal.SIGKILL, own) or own == signal.SIGTERM
