"""Health checks: an exec at intervals, and a status that follows from the last few (Dockerfile, HEALTHCHECK).

During the start period a failure does not count, and probes come every start interval; the first success ends
the period. A probe that takes longer than its timeout is killed and counts as a failure.

A container that is starting is also probed early (0.2 s, 0.4 s, 0.8 s ...): what is ready in a second is healthy
in a second, not after a whole interval. What fails before the first regular probe is due does not count.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from hythe.engine.containers.handle import Handle
from hythe.engine.containers.parts import Parts
from hythe.engine.model import ExecSpec, Health, Healthcheck, HealthProbe
from hythe.errors import HytheError

SECOND = 1_000_000_000
INTERVAL, TIMEOUT, START_INTERVAL, RETRIES = 30.0, 30.0, 5.0, 3
EARLY = 0.2
KEPT, OUTPUT = 5, 4096

Probe = Callable[[str, ExecSpec, float], Awaitable[tuple[int, bytes]]]


def command(check: Healthcheck) -> list[str]:
    """The test as an argument vector: ["CMD", ...] as it is, ["CMD-SHELL", line] by the shell."""
    if check.test[0] == "CMD-SHELL":
        return ["/bin/sh", "-c", *check.test[1:]]
    return check.test[1:] if check.test[0] == "CMD" else check.test


def judge(health: Health, probe: HealthProbe, check: Healthcheck, *, starting: bool) -> None:
    """Take one probe into account; `starting` says that it began within the start period."""
    health.log = [*health.log, probe][-KEPT:]
    if probe.exit_code == 0:
        health.failing_streak, health.status = 0, "healthy"
        return
    if starting and health.status == "starting":
        return
    health.failing_streak += 1
    if health.failing_streak >= (check.retries or RETRIES):
        health.status = "unhealthy"


class HealthMonitor:
    """Runs the checks of all containers; `probe` runs one command in a container and gives (code, output)."""

    def __init__(self, parts: Parts, probe: Probe) -> None:
        self._parts, self._probe = parts, probe
        self.on_unhealthy: Callable[[Handle], None] = lambda _: None
        self.ran = self.failed = 0

    def watch(self, handle: Handle) -> None:
        """Begin, or begin again after the daemon came back; nothing happens without a health check."""
        check = handle.record.healthcheck
        if check is None or check.test[0] == "NONE":
            return
        handle.record.state.health = handle.record.state.health or Health()
        handle.health = asyncio.ensure_future(self._run(handle, check))

    def forget(self, handle: Handle) -> None:
        if handle.health is not None:
            handle.health.cancel()
            handle.health = None

    async def _run(self, handle: Handle, check: Healthcheck) -> None:
        began = handle.record.state.started_at
        early = EARLY
        while True:
            health = handle.record.state.health
            assert health is not None
            wait = check.interval / SECOND or INTERVAL
            if health.status == "starting":
                if time.time_ns() - began < check.start_period:
                    wait = min(wait, check.start_interval / SECOND or START_INTERVAL)
                wait, early = min(wait, early), early * 2
            await asyncio.sleep(wait)
            if handle.record.state.status == "running":
                await self._once(handle, check, health, began)

    async def _once(self, handle: Handle, check: Healthcheck, health: Health, began: int) -> None:
        before, start = health.status, time.time_ns()
        spec = ExecSpec(args=command(check), attach_stdout=True, attach_stderr=True)
        try:
            code, output = await self._probe(handle.id, spec, check.timeout / SECOND or TIMEOUT)
        except HytheError as error:
            code, output = 1, error.message.encode()
        self.ran, self.failed = self.ran + 1, self.failed + (code != 0)
        text = output[:OUTPUT].decode(errors="replace")
        within = start - began < max(check.start_period, check.interval or int(INTERVAL * SECOND))
        judge(health, HealthProbe(start, time.time_ns(), code, text), check, starting=within)
        self._parts.registry.save(handle)
        if health.status != before:
            self._parts.publish(handle.record, f"health_status: {health.status}")
            if health.status == "unhealthy":
                self.on_unhealthy(handle)
